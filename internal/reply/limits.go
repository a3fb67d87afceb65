package reply

import "github.com/flowhq/flowhq"

// Busy returns the warning for customers whose question could not be answered in time under
// the tenant's rate limit, because too many others write. Each warning names its own reason, as the
// customer can do something only about the second.
func Busy(c flowhq.Config) string { return warning(c, "limit.busy") }

// SlowDown returns the warning for customers who write faster than the tenant's
// reply limits allow.
func SlowDown(c flowhq.Config) string { return warning(c, "limit.slow_down") }

// Muted returns the message to a contact that is not answered for a while from then on, because
// it writes like a program.
func Muted(c flowhq.Config) string { return warning(c, "limit.muted") }

// PleaseWait returns what is said when a chat has more unanswered messages than
// its queue holds; the message that overflowed it is not answered. The customer must know that:
// silence would read as an answer that is still coming.
func PleaseWait(c flowhq.Config) string { return warning(c, "limit.please_wait") }

// warning is in the tenant's language: the pipeline warns before it has read the conversation. It
// needs no profile, so that a flood costs no read of the database.
func warning(c flowhq.Config, key string) string {
	return speakerOf(&Knowledge{config: c}, c.Language).first(key)
}
