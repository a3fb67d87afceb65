package reply

import "slices"

// correctsVisit takes what the message corrects of the services of a visit, and reports whether
// that changes it: "just the ultrasound only", "cancel the consultations, I only want ultrasound",
// "si kung'oa, kucheki tu". Read as a wish, the one was put beside the others; read as a
// cancellation, all of them went.
func (t *turn) correctsVisit() bool {
	v, p := t.next.Booking, &t.p
	// Several people are corrected by their number, and a booking that is moved keeps its services.
	if v == nil || v.Service == "" || v.Moves != "" || len(p.services) == 0 || p.asks ||
		v.Together || v.People > 1 {
		return false
	}
	only := anyIn(p.reading.Words, onlyWords)
	var wanted, off []string
	for _, m := range p.services {
		if p.takesBack(m) || p.editOf(m) == editOff {
			off = append(off, m.ID)
			// A name that may be one of several takes all of them off: only one can be on the
			// visit.
			off = append(off, m.Others...)
		} else {
			wanted = append(wanted, m.ID)
		}
	}
	before := v.services()
	left := wanted
	switch {
	case len(wanted) > 0 && (only || p.denied && len(before) == 1):
	// Nothing is taken off, or nothing would be left: that is a cancellation.
	case len(off) == 0 || len(before) < 2 && len(wanted) == 0:
		return false
	default:
		left = slices.DeleteFunc(before, func(id string) bool { return slices.Contains(off, id) })
		for _, id := range wanted {
			if !slices.Contains(left, id) {
				left = append(left, id)
			}
		}
	}
	// "I only want the ultrasound, cancel the others" cancels nothing where the others are gone.
	if len(left) == 0 || slices.Equal(left, v.services()) && !(only && p.has(actCancel)) {
		return false
	}
	v.Service, v.More = left[0], slices.Clone(left[1:])
	// A question which of several is meant is settled by the correction.
	t.next.Topic, t.choices = v.Service, nil
	// The names are used up. fillVisit would put them beside what is left.
	p.services = nil
	t.fillVisit() // the time that was said with it
	return true
}
