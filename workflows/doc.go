// Package workflows is the control plane: one long-running workflow per tenant,
// and the Client through which everybody else speaks to it.
//
// A tenant's workflow remembers whether the tenant needs a host (its session is wanted, and no
// person has to act first) and, while it does, keeps one Host activity running (package
// activities). What follows the end of a host is decided by [flowhq.Next]: most ends are retried by
// Temporal after the delay that the host names, without waking the workflow. A host's sign of life is its
// lease in the database; Temporal's heartbeat is for what no worker finds out. The workflow's one
// timer waits for the end of a ban or of a crash loop's pause. Messages of customers never come
// here.
//
// Besides, there is one workflow for each command that many tenants are given ([Client.StartBulk]),
// one a night that deletes old rows ([Client.ClaimNamespace]), and one for each booking or order
// that a customer is reminded of ([Client.FollowUp]). They are no part of a tenant's workflow, so
// that a slow night, a large command or many bookings make no tenant's history longer.
//
// A reader of Temporal will miss commands as signals or updates. Commands are rows in PostgreSQL,
// so they survive a Temporal that is away, restored or emptied; a signal only says that rows have
// changed. So a tenant's workflow may be terminated at any time: the next one reads the rows.
//
// What a workflow does must be the same when its history is replayed by another worker, else
// Temporal blocks it with a nondeterminism error (TMPRL1100). So time is workflow.Now, goroutines
// are workflow.Go, and whatever asks the world is an activity. TestReplay replays recorded
// histories.
package workflows
