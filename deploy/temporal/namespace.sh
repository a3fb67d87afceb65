#!/bin/sh
# Creates the namespace and the columns by which operators filter tenants in the
# Web UI. It may run at every start: what is there already is left as it is.
set -eu

attempts=30 # of each step, a second apart
# A name and a type a line. The program has the same file built in.
attributes=${SEARCH_ATTRIBUTES:-$(dirname "$0")/../../internal/searchattributes/list.txt}

# A new namespace takes some seconds to be known to every part of the server.
try() {
	n=1
	until "$@"; do
		if [ "$n" -ge "$attempts" ]; then
			echo "gave up after $attempts attempts: $*" >&2
			exit 1
		fi
		n=$((n + 1))
		sleep 1
	done
}

namespace() {
	temporal operator namespace describe --namespace "$NAMESPACE" >/dev/null 2>&1 ||
		temporal operator namespace create --namespace "$NAMESPACE" --retention 72h
}

attribute() {
	temporal operator search-attribute list --namespace "$NAMESPACE" | grep -qw "$1" ||
		temporal operator search-attribute create --namespace "$NAMESPACE" --name "$1" --type "$2"
}

try namespace
while read -r name type; do
	try attribute "$name" "$type" </dev/null # which would read the rest of the list
done <"$attributes"
