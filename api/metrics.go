package api

import "context"

// exposition is what the process has counted, in Prometheus' text format.
type exposition struct {
	text      []byte
	mediaType string
}

func (e exposition) content() (string, []byte) { return e.mediaType, e.text }

// metrics handles GET /metrics. It needs the password, as /admin does: how many requests
// fail is not for everybody.
func (a *API) metrics(context.Context, nothing) (exposition, error) {
	text, mediaType, err := a.Metrics.Text()
	return exposition{text, mediaType}, err
}
