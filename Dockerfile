# syntax=docker/dockerfile:1
FROM golang:1.26.8-alpine AS build
WORKDIR /src
COPY . .
# No "go mod download": it would fetch the modules of the development tools too.
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -o /flowhq ./cmd/flowhq

# Alpine rather than an empty image for its wget, with which the health check asks.
FROM alpine:3.22
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
RUN adduser -D -H -u 10001 flowhq && \
    install -d -o flowhq -g flowhq /var/log/flowhq /var/lib/flowhq
COPY --from=build /flowhq /usr/local/bin/flowhq
USER flowhq
ENV LOGS_PATH=/var/log/flowhq STATE_PATH=/var/lib/flowhq
EXPOSE 3000
ENTRYPOINT ["flowhq"]
CMD ["help"]
