// Package activities is what workflows have done: Host, one session's life from
// claim to hang-up; the two short ones that settle a tenant's rows and erase them;
// Prune, which deletes what is older than the retention of all of them; and SendBulk,
// which gives a command to many.
//
// How a Host returns is its protocol with the workflow; see [Activities.Host].
package activities
