package reply

// elsewhere reports whether the message is clearly about something else than the free words that
// were asked for. Without the rule any words are an address: "nimebadilisha mawazo, ghairi" would
// go to the rider, and the order would stand.
func (t *turn) elsewhere() bool {
	p := &t.p
	switch {
	case p.asks:
		return true // no address ends with a question mark
	// The words under a picture are about the picture: "look at the date".
	case t.in.Message.isPicture() && len(p.areas) == 0:
		return true
	case p.has(actCancel, actStatus, actReturn, actPaid, actDecision, actThanks, actBye, actMenu):
		return true
	// Acts of place and delivery are not in the list: an address sounds like them.
	case p.has(actPrice, actHours, actPayment):
		return true
	case len(p.products) > 0 && (p.has(actOrder, actOffer) || t.hasQuantity()):
		return true // a "petrol station" near the house is no petrol
	case anyIn(p.reading.Words, selfWords) && len(p.areas) == 0 &&
		!anyIn(p.reading.Words, landmarkWords):
		return true // it pleads, and says no place
	// A thumb or a bare sign finds no house.
	case !hasLetters(p.text):
		return true
	}
	return false
}

// minAddressWords is how many words an address has at least that comes instead of a yes. Fewer
// may be a yes that the bot does not know, and must not become an address.
const minAddressWords = 3

// addsAddress takes what comes instead of a yes for the address that is still missing. Customers
// who see the order read back notice that the rider has no address, and write that first.
func (t *turn) addsAddress() bool {
	o, p := t.next.Order, &t.p
	if o != nil && o.Unlisted && o.Area == "" && o.Address != "" &&
		len(p.areas) == 0 && t.saysPlace() {
		t.did(actOrder)
		o.At = t.in.Message.At
		// "buza", and then the landmark there
		o.Address = oneLine(o.Address+", "+t.note(), maxAddress)
		t.continueOrder()
		return true
	}
	// The rider goes where the customer said last.
	if o != nil && o.How == howDeliver && t.tellsLandmark() {
		t.did(actOrder)
		t.fillDelivery()
		t.continueOrder()
		return true
	}
	// Everything that has a meaning of its own is no address: an act, a time, a sum, a way to pay,
	// a count, a name.
	if o == nil || o.How != howDeliver || o.Address != "" || len(p.acts) > 0 || p.hasTime ||
		len(p.entities.Money) > 0 || len(p.reading.Words) < minAddressWords ||
		t.paymentNamed() != "" || t.countSaid() > 0 || p.name != "" || t.agreesToTime() {
		return false
	}
	return t.takeAddress()
}
