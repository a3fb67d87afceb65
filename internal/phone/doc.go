// Package phone serves the page /phone, on which a person tries the product without a phone: the
// customer's phone on the left, the operator's view of the same business beside it, the business's
// own phone, and buttons for what can go wrong.
//
// The page is a client of the two APIs that everybody may use: the admin API of flowhq, and the
// simulator's control API. It reaches no database and knows no protocol, so what it shows is what
// an operator and a customer see.
//
//	phone.go    the site: who may ask, which paths there are
//	state.go    what is read for the page
//	live.go     the stream that keeps an open page true
//	actions.go  what the buttons do
//	page.html   everything that is shown; static/ is what the browser loads with it
//
// It belongs to the program of development alone. Whoever reaches it commands every simulated phone
// and knows every conversation, without a password, so it answers on loopback only, under a name of
// loopback only, and takes nothing from pages of other sites.
package phone
