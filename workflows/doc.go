// Package workflows is the control plane: one long-running workflow per tenant,
// and the Client through which everybody else speaks to it.
//
// A tenant's workflow remembers whether the session is wanted and, while it is,
// keeps one Host activity running (package activities). It has no retries of its
// own: backoff is the activity's retry policy and liveness is its heartbeat. Its one
// timer waits for the end of a ban. Messages of customers never come here.
//
// Besides, there is one workflow for each command that many tenants are given
// ([Client.StartBulk]), and one a night that deletes old rows
// ([Client.Pair]). Both are no part of a tenant's workflow, so that a slow night or a large
// command makes no tenant's history longer.
package workflows
