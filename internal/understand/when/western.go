package when

import "slices"

// western reads times that need no word before them: "10:30", "4pm", "1500hrs", "4 o'clock", and
// "10.30" behind a day.
// Each form below has a mark that makes a time of a number. Without one, "nataka 4" is four of
// something, and the next grammar is asked.
func (p *parser) western(i int) (item, int) {
	x := p.at(i)
	// "1500hrs" is the clock of 24 hours.
	if h, m, ok := hundreds(x); ok && p.is(i+1, "unithour", "hundredhours") {
		return item{kind: itClock, clock: clock{h, m, false, true, 'x'}}, i + 2
	}
	h, ok := p.number(i, 0, 24)
	// "Order no 4" and "#4" name an order.
	if !ok || p.is(i-1, "id") || p.symbol(i-1, "#") {
		return item{}, i
	}
	it := item{kind: itClock, clock: clock{hour: h, digits: x.digits}}
	end := p.minutesAndHalf(i, &it.clock)
	minutes := end > i+1
	if half, next := p.amPm(end); half != 0 {
		it.clock.half = half
		return p.finish(it, i), next
	}
	switch {
	case p.is(end, "oclock"):
		return p.finish(it, i), end + 1
	// The h must be glued: "15 h" is seldom a time.
	case p.is(end, "hundredhours") && p.at(end).glued && x.digits: // "15h30"
		it.clock.half = 'x'
		if m, ok := p.twoDigits(end + 1); ok {
			it.clock.minute, end = m, end+1
		}
		return it, end + 1
	// "16hrs" is a time, "2hrs" a duration.
	case !minutes && p.is(end, "unithour") && p.isHourOfDay(i, end):
		it.clock.half = 'x'
		return it, end + 1
	case minutes && p.is(end, "unithour") && !p.is(end, "next"):
		it.clock.half = 'x'
		return it, end + 1
	case p.raw(end, "ish") && p.at(end).glued && h > 0: // "3ish"
		it.soft = true
		return p.finish(it, i), end + 1
	// A colon is enough. A point is not: "10.30" may be a price or a weight.
	case minutes && p.symbol(i+1, ":"):
		return p.finish(it, i), end
	case minutes && (p.timeIsNear(i) || p.is(end, "part", "day", "tonight")) && !p.is(end, "unit"):
		return p.finish(it, i), end
	case !minutes && !x.digits && p.is(end, "number") && p.isAmPm(end+1): // "ten thirty pm"
		if m, ok := p.number(end, 5, 59); ok {
			it.clock.minute = m
			it.clock.half, end = p.amPm(end + 1)
			return it, end
		}
	}
	return item{}, i
}

// timeIsNear reports whether a day or a word that introduces times stands before lexeme i.
// "Kesho 10.30" is a time since a day stands before it.
func (p *parser) timeIsNear(i int) bool {
	introduces := []itemKind{itDay, itPart, itFrom, itTo, itBetween, itAfter, itBefore, itAbout}
	return slices.Contains(introduces, p.before(i).kind) || p.is(i-1, "at")
}

// pastOrTo reads "half past four", "quarter to 5", "ten past 4", "20 mins to 6", "half four".
// "To" also joins a range: "10 to 4" is from ten until four, so the minutes before "to" must be in
// letters, 20, 25, or said to be minutes.
func (p *parser) pastOrTo(i int) (item, int) {
	minutes, at, sure := 0, i+1, true
	switch x := p.at(i); x.kind {
	case "half":
		minutes = 30
	case "quarter":
		minutes = 15
	default:
		minutes = x.value
		// "20 to 6" is said of a clock, "10 to 6" mostly of a range.
		sure = !x.digits || minutes == 20 || minutes == 25
		if minutes < 1 || minutes > 30 {
			return item{}, i
		}
		if p.is(at, "unitminute") {
			at, sure = at+1, true
		}
	}
	past := p.is(at, "past") || p.raw(at, "after") && p.is(i, "quarter", "half")
	switch {
	case past, p.raw(at, "to", "till", "til", "of") && sure && !p.isBegun():
		at++
	case p.is(i, "half") && p.raw(i, "half", "hlf", "haf"): // "half four" is British for 4:30
		past = true
	default:
		return item{}, i
	}
	h, ok := p.number(at, 1, 12)
	// "Half two kilos" is no time.
	if !ok || p.is(at+1, "unit", "unithour", "unitday") {
		return item{}, i
	}
	if !past {
		minutes = -minutes
	}
	it := item{kind: itClock, clock: clock{hour: h, minute: minutes, digits: true}}
	end := at + 1
	if p.is(end, "oclock") {
		end++
	}
	if half, next := p.amPm(end); half != 0 {
		it.clock.half, end = half, next
	}
	return it, end
}

// isBegun reports whether "from" or "between" stands before, so that "to" ends a range.
// "From quarter to 5" is not known here; the range is commoner.
func (p *parser) isBegun() bool {
	n := len(p.items)
	return n > 0 && (p.items[n-1].kind == itFrom || p.items[n-1].kind == itBetween)
}
