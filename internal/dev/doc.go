// Package dev runs the whole product on one machine, for people who try it or work on
// it: embedded Temporal with its Web UI, a private PostgreSQL, a simulated WhatsApp, the
// API and a worker, each a process of its own.
//
// DATABASE_URL, TEMPORAL_ADDRESS and the WHATSAPP_ variables each replace one of these by
// a real one. Everything that is kept lives in the folder .dev of the checkout:
//
//	flowhq, flowhq-dev   the programs, as Taskfile.yml builds them
//	test/                the same with the race detector, which the tests run
//	temporald-<hash>     the embedded Temporal, built once from dev/temporald unless
//	                     "temporal" is in the PATH (see package temporald)
//	temporal-<version>.db, pg/, simulator/   what the services keep
//	admin-password       made up at the first start, unless ADMIN_PASSWORD is set;
//	                     the same with "--whatsapp"
//	schema               the migrations that the database was made with
//	demo-<database>      there once a database has been given its demo tenants
//	logs/                what each service printed
//	whatsapp/            what the services keep and print for "flowhq-dev up --whatsapp",
//	                     whose tenants must never meet the simulator's
//
// A supervisor starts each service again when its process ends by itself. There are two
// of them, as services must end in the opposite order of their start: the API and the
// worker first, the database last. Whatever happens to this process, no child outlives it
// (see package proc).
package dev
