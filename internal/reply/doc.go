// Package reply decides what the bot says.
//
// [Decide] is a pure function of the message, what the owner has told, what is booked already, and
// what the bot remembers of the conversation. It cannot fail, block or send, so the pipeline may
// call it inside a transaction and call it again after a crash: the same [Input] gives the same
// [Turn], with its facts under the same number.
//
// # How a turn is decided
//
// Before it is read, a correction of an order is written as who changes a line says it plainly
// (corrections.go), and an order that is started over has no lines any more (startover.go).
//
//  1. The message is read (perceive.go): words, language and intents by internal/understand, days
//     and times, amounts, and the names from the owner's lists.
//  2. What it does are acts (acts.go): what the model is sure of, and what a cue of texts/cues.txt
//     says beyond doubt. Acts that contradict what is certain are dropped (reconcile.go). A
//     message may have several acts, and all of them are answered.
//  3. Whatever wants a person, or must never be repeated, comes first (handover.go, secrets.go).
//  4. The open question takes its answer, if the message is one and nothing else (answers.go).
//     Each question says what it takes; whatever else a message holds is read as if nothing had
//     been asked. What of it is a place says address.go alone.
//  5. Questions for facts are answered from the profile (info.go and info_*.go).
//     What the owner has not told is passed on, and never made up. When an order comes is told for
//     its area and the hour of the day (arrival.go).
//  6. What is to be done is done: bookings (booking.go, visittime.go, readback.go, slots.go,
//     existing.go; party.go for several people, sequence.go for the order of services), orders (order.go,
//     checkout.go, orders.go, and placed.go for what is said behind one) or tickets (tickets.go,
//     exchange.go), by the template. Any message may fill any
//     slot. Everything is read back and confirmed before it is a fact, but a ticket.
//     What no field of a fact has, such as a colour or who is to cut, is noted with it in the
//     customer's words, and the reply says so (wishnotes.go; staff.go for who is to serve).
//  7. A question that was open and not answered is asked again (resume.go).
//  8. Courtesy is answered in kind, or not at all (smalltalk.go).
//  9. The rest was not understood: one question between two intents, the menu from the owner's own
//     services, and the second time in a row a person.
//
// A message of several sentences or lines is read as a whole. Then each part is read by itself, and
// what it asks and the turn has not answered is answered or noted (parts.go).
//
// At the end every clause must be accounted for (clauses.go). The message is decided once more
// without the clause; if that gives the same reply, nobody has heard the clause. A question is then
// answered from the profile or noted, and a wish is noted with the record, and the reply says so.
// The parts between commas and joiners are struck out likewise, and noted (strikes.go). Before that,
// what the chat held is compared with what the turn leaves of it: what is gone without a word that
// takes it away is put back and read back (held.go, keep.go). What would be recorded and nobody has
// said is left out and asked for (founded.go, unsaid.go).
//
// Messages without words are in media.go.
//
// # Where to change what
//
// The texts of both languages and the cues are in texts, with a README.md; the conversations in
// testdata/conversations show the result, with another. Neither needs Go.
package reply
