// Package activities is what workflows have done: Host, which hosts a session; the short
// ones that read a tenant's rows, record what became of it, and erase it; Prune, which
// deletes what is older than the retention of all tenants; and SendBulk, which gives a
// command to many.
//
// It is the border between Temporal's SDK and the rest: internal/session knows nothing of
// activities. How a Host returns is its protocol with the workflow; see [Activities.Host].
package activities
