package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// An address that is said in parts. "Sinza Mori karibu na shule", and later "nyumba namba 14": a
// rider needs both. What is said later takes the place of what was held only where it says the same
// part of it in another way.

// houseNumber is a house with its number, and nothing else. Group 1 is the kind of house.
var houseNumber = regexp.MustCompile(`(?i)^(?:(?:its|it's|ni|iko|the|sorry|samahani|actually|yes|ndio|ndiyo)\W+)*(house|nyumba|apartment|apt|flat|plot|block|floor|` +
	`ghorofa|gorofa|room|chumba|door|mlango|shop|duka)\W+(?:(?:no|number|namba|na|ya|wa|la)\W+){0,2}[a-z]?\d+[a-z]?$`)

// houseWithin finds a house with its number in an address.
var houseWithin = regexp.MustCompile(`(?i)\b(house|nyumba|apartment|apt|flat|plot|block|floor|ghorofa|gorofa|room|` +
	`chumba|door|mlango|shop|duka)\W+(?:(?:no|number|namba|na|ya|wa|la)\W+){0,2}[a-z]?\d+[a-z]?\b`)

// addressNow is the address after another one was said.
func (t *turn) addressNow(held, said string) string {
	m := houseNumber.FindStringSubmatch(said)
	switch {
	case held == "" || said == "" || t.in.placeAnew:
		return said
	// "Yes, house no 14" says again where the house of a longer address is.
	case saysNoMore(held, said):
		return held
	// "Zimmerman", and then the house there.
	case t.isPart(held) && !sharesWord(held, said):
		return oneLine(held+", "+said, maxAddress)
	case m == nil:
		return said
	}
	house := houseWithin.FindString(said)
	for _, at := range houseWithin.FindAllStringSubmatchIndex(held, -1) {
		if strings.EqualFold(held[at[2]:at[3]], m[1]) {
			return oneLine(held[:at[0]]+house+held[at[1]:], maxAddress)
		}
	}
	return oneLine(held+", "+house, maxAddress)
}

// keepPart keeps as the address the part of an area that the message names: to "Zimmerman" the fee of
// Kasarani applies, and the rider has to go to Zimmerman.
func (t *turn) keepPart(area string) {
	o := t.next.Order
	for _, m := range t.p.areas {
		if m.ID != area || o.Address != "" || m.Start < 0 || m.End > len(t.p.text) || m.Start >= m.End {
			continue
		}
		said, known := strings.TrimSpace(t.p.text[m.Start:m.End]), split(area)
		if slices.ContainsFunc(split(said), func(w string) bool { return !slices.Contains(known, w) }) {
			o.Address = said
		}
	}
}

// isPart reports whether an address is no more than the name of an area, or of a part of one.
func (t *turn) isPart(address string) bool {
	return slices.ContainsFunc(t.k.profile.Delivery.Areas, func(a flowhq.Area) bool {
		return slices.ContainsFunc(append([]string{a.Name}, a.Aliases...),
			func(name string) bool { return strings.EqualFold(name, address) })
	})
}

// sharesWord reports whether two names have a word in common: "Sinza Mori" and "Sinza".
func sharesWord(a, b string) bool {
	words := split(b)
	return slices.ContainsFunc(split(a), func(w string) bool { return slices.Contains(words, w) })
}

// saysWhereAgain reports whether a message is a yes to the order and, behind it, the address that the
// order has: "ndio sinza mori karibu na shule".
func (t *turn) saysWhereAgain(yes, rest string) bool {
	o := t.next.Order
	return o != nil && o.Address != "" && anyIn(split(yes), plainYes) && len(split(rest)) > 0 &&
		saysNoMore(o.Address+" "+o.Area, rest)
}

// saysNoMore reports whether all words of an address are in the one that is held.
func saysNoMore(held, said string) bool {
	known := split(held)
	return !slices.ContainsFunc(split(said), func(w string) bool {
		return !slices.Contains(known, w) && !hasWord(yesHead, w) && !hasWord(besideArea, w) &&
			!hasWord(courtesyWords, w)
	})
}

// reconcileInside asks nothing of a place for who says where in the area of the order it goes: "yes
// confirm, deliver to Sunton near Total petrol station". That the place is on no list was the
// answer.
func (t *turn) reconcileInside(p *perception, all *acts) {
	o := t.next.Order
	if o == nil || o.How != howDeliver || o.Area == "" || p.asksSoftly() || len(p.areas) > 0 ||
		!anyIn(p.reading.Words, landmarkWords) || !bringsTo.MatchString(p.text) || p.cued(actPrice) {
		return
	}
	all.drop(actDelivery, actPlace)
}

// reconcileBringing orders what is wanted and is to be brought: "i want a kitenge dress L deliver
// to kasarani" was told the fee alone.
func (t *turn) reconcileBringing(p *perception, all *acts) {
	if p.asksSoftly() || p.cued(actPrice) || !all.has(actDelivery) || all.has(actOrder) ||
		all.has(taskActs...) ||
		!bringsTo.MatchString(p.text) || !slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
		return m.Exact && p.editOf(m) == editOn
	}) {
		return
	}
	all.replace(actDelivery, actOrder)
}
