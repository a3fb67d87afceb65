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
//  5. Questions for facts are answered from the profile (info.go). What the owner has not told is
//     passed on, and never made up.
//  6. What is to be done is done by the template: bookings (booking.go), orders (order.go) or
//     tickets (tickets.go). Any message may fill any slot. Everything is read back and confirmed
//     before it is a fact, but a ticket. What no field of a fact has, such as a colour or who is to
//     cut, is noted with it in the customer's words, and the reply says so (wishnotes.go).
//  7. A question that was open and not answered is asked again (resume.go).
//  8. Courtesy is answered in kind, or not at all (smalltalk.go).
//  9. The rest was not understood: one question between two intents, the menu from the owner's own
//     services, and the second time in a row a person.
//
// A yes with something else behind it is decided as two messages, one after the other (yesthen.go).
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
// # Reading order
//
// Who is new reads the first three groups, and then the one that a change is about.
//
// The frame:
//
//	turn.go         what a turn depends on, and what comes of it: Input, Calendar, Turn
//	message.go      what a customer wrote; a burst of lines is one message
//	state.go        what is remembered of a conversation, and for how long: Visit, Basket, Problem
//	knowledge.go    what the owner has told, with the indexes to find it by
//	decide.go       the steps of a turn, in their order
//	turnbuilder.go  a turn in the making: what it tells, asks, holds and writes
//	memo.go         what was read already of a message that is decided several times
//
// Reading a message:
//
//	perceive.go     words, language, intents, times and names of a text
//	match.go        the words and phrases that are looked for
//	cues.go         words that leave no doubt: texts/cues.txt
//	words.go        lists of words that single steps ask for: texts/words.txt
//	names.go        the customer's name
//	saidtime.go     the time that a text wants
//	amounts.go      how many, and which number belongs to which product
//	combine.go      which service is named, where one name is part of another
//	kinds.go        which product is named, and of what kind
//	courteous.go    titles, and what stands behind a greeting
//	corrections.go  "5, not 3", written as a plain change of the line
//	addressfix.go   "Roysambu, not Zimmerman", written as a plain address
//	startover.go    "forget all that": the list behind it is read without the old one
//	moved.go        "tomorrow at the same time", written as a move of the booking
//	mind.go         what a message takes back itself
//	media.go        pictures, voice notes and places, which have no words
//
// Acts:
//
//	acts.go       what a message does: all that it does, and not the likeliest alone
//	reconcile.go  acts that contradict what is certain are dropped
//	listtalk.go   words of a list: enough, not this, that instead
//	rest.go       what is to stay as it is
//	story.go      what went wrong before is no wish
//	sickness.go   who is ill wants a doctor; allergies
//
// Questions of the bot, and their answers:
//
//	answers.go       the open question takes its answer, if the message is no more
//	options.go       the menu, and what choosing from a list does
//	yesquestion.go   a yes beside a question
//	offeredtimes.go  a time that was offered, taken beside other matter
//	unclear.go       which of several products was meant
//	resume.go        what was open is asked again, or kept
//	smalltalk.go     greetings and thanks
//
// Facts that are told:
//
//	info.go           which facts a message asks for; the owner's answers
//	info_hours.go     opening hours and holidays
//	info_prices.go    prices and descriptions
//	info_offers.go    what there is, and whether a thing is
//	unlisted.go       a thing that is asked for and is on no list
//	info_delivery.go  whether and where orders are brought, for how much
//	arrival.go        when an order comes
//	coverage.go       whether a provider reaches a place
//	places.go         areas of delivery; questions about the order at hand
//	payments.go       how to pay
//	paychoice.go      which of several ways to pay is taken
//	packages.go       packages of a provider, and what several things come to
//	packagenumber.go  a package that is named by its number alone
//	bulk.go           the price for many
//	shopasks.go       how many are left, and why a price has gone up
//	servicedays.go    the days of a service, from its description
//	presence.go       whether a service is there on a day; whether two names mean one
//	included.go       what is part of a service
//	described.go      what only a description says
//	clinicasks.go     what to bring, what only a doctor answers, what is done to somebody
//	insurers.go       whether an insurer pays
//	usual.go          questions of any business, compared with the owner's
//	cancelrule.go     until when a visit may be called off; what the message says that it asks
//	nearest.go        the owner's answer that is offered with a "perhaps"
//
// Bookings:
//
//	booking.go           what a message does with bookings; a visit that is filled in
//	visittime.go         the day and time: known, asked for, or not to be had
//	slots.go             what is free, and what of it is offered
//	aside.go             a time in a clause that gives a reason is no wish
//	clausehour.go        an hour in a clause of its own, and its reason beside it
//	visitparts.go        several services in one visit
//	party.go             several people with services that differ
//	visitchild.go        a child beside the customer
//	withme.go            how many come with the customer
//	eachhour.go          hours that are said of single people
//	sequence.go          the order and the hours of the services
//	visitbeside.go       a service before or behind another, or behind a booking
//	visitcorrections.go  services that are taken back
//	ordinary.go          the usual kind of a service
//	staff.go             who is to serve
//	readback.go          a visit is read back, and confirmed or not
//	existing.go          bookings that stand: moved, cancelled, told
//	yesthen.go           a move or a cancellation, and something else behind it
//	moved.go             who moves a booking without the word for it
//	mind.go              what a message takes back itself
//	appointments.go      the rows of one visit, which are moved or cancelled together
//	cancelone.go         one of several who are booked stays at home
//	late.go              who will be late
//	age.go               the age of who comes, beside a yes
//
// Orders:
//
//	order.go       what a message does with orders; goods that are put on one
//	wishes.go      whether goods are wanted, or only asked about
//	lines.go       the lines of an order: counted, changed, taken off, written
//	sizes.go       sizes and colours, each with its count
//	packs.go       how much a pack holds
//	bigunits.go    a sack of what is listed by the kilo
//	topicfirst.go  what was spoken of before, ordered by a number alone
//	together.go    goods that were asked about together: one of each
//	edits.go       which verb governs which product: add, take off, make it
//	sizeedits.go   sizes that are taken back
//	partsizes.go   some of several get another size
//	addasked.go    what was asked for is put on the order without its name
//	counthead.go   a number at the beginning of an answer, and colours with their numbers
//	howmuch.go     for how many people, twice as much, and a yes with a count
//	placebeside.go where an order goes, beside a change of its goods
//	packedits.go   two packs of one thing on an order
//	plainedits.go  other words for taking off and for so many packs, written plainly
//	checkout.go    what is missing of an order: product, size, way, area, address
//	orderyes.go    a yes to an order with a question beside it
//	address.go     where an order goes
//	landmarks.go   what tells an address from other words
//	addressnow.go  an address that is said in parts
//	ridernotes.go  what stands beside an address: a word for the rider, the way to pay
//	ridertold.go   what the rider is to be told, taken out of the message and noted
//	readagain.go   an order is read back whole once, and then what has changed
//	openorder.go   an order that nobody has confirmed yet, which is a row as well
//	orderfact.go   the row of an order
//	orders.go      an order is placed, told, changed or cancelled
//	placed.go      what is said behind an order that was placed
//
// Tickets:
//
//	tickets.go      what a message does at a help desk; problems
//	ticketstalk.go  what is said of an open ticket and is no more of the problem
//	ticketquestion.go a question beside what goes onto a ticket
//	newcustomer.go  who reports no fault; what is sent along with a ticket
//	request.go      somebody is to drive out, such as for an installation
//	otherpackage.go another package for a connection that is there
//	withdrawn.go    a request that is taken back
//	sitevisit.go    when somebody is to come for a fault
//	visithour.go    at what hour, and when the customer is away
//	faultvisit.go   what the visit for a fault costs, asked with the fault
//	exchange.go     goods that are brought back
//	awaits.go       when somebody comes, or what is paid is on again; the way to the customer
//	goodsmissing.go what did not come, came otherwise, or is to be thrown away
//	receipts.go     a payment's message that is pasted; goods that came spoilt
//
// People:
//
//	handover.go  a chat or a question is passed on to a person
//	callsperson.go a person who is asked for beside a report
//	people.go    what the owner is told of a chat; that nobody came
//	bargain.go   prices that only the owner may agree to
//	secrets.go   PINs and passwords; a customer's own price
//
// Wishes and notes:
//
//	wishnotes.go    what no field has is noted in the customer's words, and told
//	orderwishes.go  wishes of an order: colours, times, empty bottles
//	alter.go        clothes that are to be altered
//	visitnotes.go   what beside a visit's wishes needs no note
//
// Every clause is accounted for:
//
//	beside.go   an act and a question in one message: both are done
//	parts.go    sentences and lines, each read by itself once more
//	clauses.go  clauses without which the turn is the same, so that nobody has heard them
//	strikes.go  likewise what stands between commas and joiners
//
// Checks against what was said:
//
//	held.go     what a conversation holds, as values that can be compared
//	keep.go     what a turn has lost of it is put back
//	founded.go  whether somebody has said a value
//	unsaid.go   what nobody has said is left out and asked for
//
// A language model, where a tenant wants one:
//
//	suggestion.go  what it made of a message, and why that is refused
//	mask.go        numbers that leave no machine of ours
//	grounding.go   a text of it is sent only if its claims stand in the facts
//	claims.go      words by which claims are found
//
// Texts:
//
//	texts.go     the catalogs of texts, with one of several variants each time
//	format.go    money, lists, days and clocks
//	limits.go    warnings: too fast, too many, muted, please wait
//	followup.go  what is told of a booking ahead or an order that waits
//	offered.go   texts that the bot offers to write, which are no sign of a program
//
// # Where to change what
//
// The texts of both languages and the cues are in texts, with a README.md; the conversations in
// testdata/conversations show the result, with another. Neither needs Go.
package reply
