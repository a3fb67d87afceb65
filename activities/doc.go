// Package activities is what tenant workflows have done: Host, one session's
// life from claim to hang-up, and the two short ones that settle a tenant's rows
// and erase them.
//
// How a Host returns is its protocol with the workflow; see [Activities.Host].
package activities
