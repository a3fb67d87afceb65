// Package devdb runs a private PostgreSQL for development and tests.
//
// [Start] keeps one cluster per major version under a folder, and never erases
// one; [Ephemeral] makes a fast one that vanishes with its end. Both look for
// PostgreSQL on this machine first, then fetch one pinned build, and otherwise return
// an error that says what to install. The server
// is a direct child on a loopback port with a generated password; if this
// process is killed, the kernel tells the server to shut down.
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
