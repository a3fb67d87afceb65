// Package e2e proves the product's promise from outside: its tests run every
// part as a process of its own, speak HTTP to the API and to the simulator's
// control API, and look at nothing else. Only the retention job's also make rows
// older than they are, and use Temporal as an operator does; the conversations' read
// the facts that were left.
package e2e
