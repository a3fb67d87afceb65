// Package activities is what workflows have done: Host, one session's life from
// claim to hang-up; the two short ones that settle a tenant's rows and erase them;
// and Prune, which deletes what is older than the retention of all of them.
//
// How a Host returns is its protocol with the workflow; see [Activities.Host].
package activities
