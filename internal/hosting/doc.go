// Package hosting is what the hosts of one worker process share: the right to a tenant's
// number ([Leases]), whether sessions may connect at all ([Admission]), the pace of
// their dials ([RateLimiter]), their places in the process ([Slots]) and the way out of it
// ([Drain]), the process's place among the others ([FleetMember]), and the hosts of workers that
// have died ([Failover]).
//
// It knows neither Temporal nor WhatsApp. What it needs of either is an interface of one
// or two methods, so that its timers can be tested on a clock of their own.
package hosting
