#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date. It may run
# at every start: what is there already is left as it is.
set -eu

for db in temporal temporal_visibility; do
	temporal-sql-tool --database "$db" create
	temporal-sql-tool --database "$db" setup-schema -v 0.0
done
temporal-sql-tool --database temporal update-schema --schema-name postgresql/v12/temporal
temporal-sql-tool --database temporal_visibility update-schema --schema-name postgresql/v12/visibility
