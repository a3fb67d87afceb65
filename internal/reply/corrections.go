package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// A correction names what is right and what is not: "mchele kilo 5 sio 3", "instead of 3 kg rice make
// it 5". The number that is not meant was read as an amount as well, and the "sio" took the rice off.
// So each correction is written anew, as who changes a line says it plainly: "badilisha mchele iwe
// kilo 5". What stands around it is read as ever.

var (
	// amountForm is a number with its unit before or behind it.
	amountForm = func() string {
		unit := `(?:` + alternatives("unit") + `)`
		return `(?:` + unit + `\s*)?(?:\d{1,3}(?:\.\d)?|` + alternatives("counted") + `)(?:\s*` + unit + `)?`
	}()
	// thingForm may be the name of what is counted, behind its amount.
	thingForm = `(?:\s+(?:(?:of|za|ya|wa|la|cha)\s+)?(?:the\s+)?\pL+){0,3}?`
	// newFirst has the amount that is meant in front, in group 1, and the other one in group 3.
	newFirst = regexp.MustCompile(`(?i)\b(` + amountForm + `)\b` + thingForm + `[\s,]+(?:na |and |tu )?(` +
		alternatives("not this but") + `|from)\s+(?:the |ile ya |zile )?(` + amountForm + `)\b(?:\s+(?:of|za|ya|wa)\s+\pL+)?`)
	// oldFirst has it behind, in group 3, and the words that take back in group 1.
	oldFirst = regexp.MustCompile(`(?i)\b(` + alternatives("not this but") + `|from|kutoka|toka)\s+(?:the |ile ya |zile )?(` + amountForm +
		`)\b` + thingForm + `(?:[\s,.]+(?:` + alternatives("but this") + `))+\s+(` + amountForm + `)\b` +
		`(?:\s+(?:of|za|ya|wa)\s+\pL+)?`)
	// oldThenNew has no word between the two: "not 3 kg of rice, 5 kg".
	oldThenNew = regexp.MustCompile(`(?i)\b(` + alternatives("not this but") + `)\s+(?:the )?(` + amountForm + `)\b` +
		`(?:\s+(?:of|za|ya|wa)\s+\pL+)?,\s*(` + amountForm + `)\b(?:\s+(?:of|za|ya|wa)\s+\pL+)?`)
	// wrongFirst says that it is wrong: "3 kg of rice was a mistake, make it 5".
	wrongFirst = regexp.MustCompile(`(?i)()\b(` + amountForm + `)\b` + thingForm + `\s+(?:` + alternatives("is wrong") + `)` +
		`(?:[\s,.]+(?:` + alternatives("but this") + `))+\s+(` + amountForm + `)\b(?:\s+(?:of|za|ya|wa)\s+\pL+)?`)
	// correctionLead stands in front of a correction and says nothing that is left out with it.
	correctionLead = regexp.MustCompile(`(?i)(?:\b(?:` + alternatives("correction lead") + `)[\s,]+)+$`)
	// swahiliBut are the words of a correction in Swahili.
	swahiliBut = regexp.MustCompile(`(?i)\b(?:sio|siyo|si|sitaki|badala|kutoka|toka|makosa|kosa|sahihi)\b`)
	// correctionEnd ends the sentence of a correction.
	correctionEnd = regexp.MustCompile(`[.;!?]+(?:\s|$)|\n`)
)

// maxCorrections is how many corrections of a message are read.
const maxCorrections = 4

// A correction is where a message puts one number in place of another.
type correction struct {
	from, to   int    // all of it
	meant, not string // the two amounts
	ofHouse    bool   // the number of a house, which counts nothing
	cut        int    // where the one that is not meant begins, if it stands behind
}

// correctionIn finds the first correction of a text behind a place.
func correctionIn(text string, from int) (c correction, ok bool) {
	for i, form := range []*regexp.Regexp{newFirst, oldFirst, oldThenNew, wrongFirst} {
		at := form.FindStringSubmatchIndex(text[from:])
		if at == nil {
			continue
		}
		group := func(n int) string { return text[from+at[2*n] : from+at[2*n+1]] }
		one := correction{from: from + at[0], to: from + at[1], meant: group(1), not: group(3)}
		first := at[2]
		if i > 0 {
			one.meant, one.not, first = group(3), group(2), at[4]
		} else {
			one.cut = from + at[4]
		}
		// Hours, houses and sizes are no counts, and neither are sums of money.
		before := text[:from+first]
		one.ofHouse = i == 0 && ofHouse.MatchString(before)
		if !one.ofHouse && (sizeBefore.MatchString(before) || houseBefore.MatchString(before)) ||
			sumAround.MatchString(text[one.from:min(len(text), one.to+1)]) ||
			ofOthers.MatchString(text[one.from:one.to]) || dayPart.MatchString(text[one.to:]) {
			continue
		}
		if !ok || one.from < c.from {
			c, ok = one, true
		}
	}
	return c, ok
}

var (
	// ofOthers finds that a number counts no goods: "it takes 2 hours not 3".
	ofOthers = regexp.MustCompile(`(?i)\b(?:people|persons?|pax|watu|wageni|guests|days?|siku|km|minutes|mins?|dakika|hours?|hrs?|saa|masaa)\b`)
	// dayPart stands behind a number that is an hour: "from 3 to 5 pm".
	dayPart = regexp.MustCompile(`(?i)^\s*(?:am|pm|a\.m|p\.m|o'?clock|asubuhi|mchana|jioni|usiku)\b`)
)

// ofHouse stands in front of the number of a house.
var ofHouse = regexp.MustCompile(`(?i)\b(?:house|nyumba|block|floor|ghorofa|gorofa|room|chumba|plot|apartment|apt|flat|geti|gate|door|` +
	`mlango)\.?,?\s+(?:(?:ya|wa|la|namba|no|number)\.?\s+){0,2}$`)

// sumAround finds that a number goes on as a sum of money.
var sumAround = regexp.MustCompile(`(?i)\d,\d|\b(?:elfu|laki)\b|\d\s*k\b`)

// corrected is a text whose corrections of an order are written as plain changes of its lines.
func (t *turn) corrected(text string) string {
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead || len(t.orderedIDs()) == 0 {
		return text
	}
	for from, n := 0, 0; n < maxCorrections && from < len(text); n++ {
		c, ok := correctionIn(text, from)
		if !ok {
			break
		}
		if c.ofHouse {
			from = c.from + len(c.meant)
			text = text[:from] + text[c.to:]
			continue
		}
		name, start, end := t.correctedThing(text, c)
		switch {
		case t.ofSizes(c): // "34 badala ya 32" counts nothing
			from = c.to
			continue
		case name == "" && c.cut > 0: // of nothing that is ordered yet
			from = len(strings.TrimRight(text[:c.cut], " ,"))
			text = text[:from] + text[c.to:]
			continue
		case name == "":
			from = c.to
			continue
		}
		if at := correctionLead.FindStringIndex(text[:start]); at != nil {
			start = at[0]
		}
		plain := "change the " + name + " to " + c.meant
		if swahiliBut.MatchString(text[c.from:c.to]) {
			plain = "badilisha " + name + " iwe " + c.meant
		}
		before := strings.TrimRight(text[:start], " ")
		if before != "" && !strings.ContainsAny(before[len(before)-1:], ".,;!?\n") {
			before += ","
		}
		before = strings.TrimLeft(before+" "+plain, " ")
		text, from = before+text[end:], len(before)
	}
	return text
}

// correctedThing is what a correction is of, by a name that the owner gave it, and where the
// correction begins and ends with that name. Where it names nothing it is of what there are so many
// of on the order. name is "" if nobody can know.
func (t *turn) correctedThing(text string, c correction) (name string, start, end int) {
	from, to := 0, len(text)
	for _, at := range correctionEnd.FindAllStringIndex(text, maxEdits) {
		if at[1] <= c.from {
			from = at[1]
		} else if at[0] >= c.to {
			to = min(to, at[0])
		}
	}
	var named []entity.NameMatch
	for _, m := range t.named(t.k.products, text[from:to]) {
		if bareName(text[from+m.Start:from+m.End]) != "" {
			m.Start, m.End = m.Start+from, m.End+from
			named = append(named, m)
		}
	}
	nearest := -1
	for i, m := range named {
		a, b := min(m.End, c.to), max(m.Start, c.from)
		if a < b && (b-a > maxCorrected || len(named) > 1 && listBreak.MatchString(text[a:b]) ||
			strings.ContainsAny(text[a:b], "0123456789")) {
			continue
		}
		place := entity.Place{Start: c.from, End: c.to}
		if nearest < 0 || gapBetween(m.Place, place) < gapBetween(named[nearest].Place, place) {
			nearest = i
		}
	}
	switch {
	case nearest >= 0:
		m := named[nearest]
		if !t.onOrder(m) {
			return "", 0, 0
		}
		return bareName(text[m.Start:m.End]), min(c.from, m.Start), max(c.to, m.End)
	case len(named) > 0:
		return "", 0, 0
	}
	return t.countedSo(c.not), c.from, c.to
}

// maxCorrected is how far from a correction the name of what it is of may stand, in bytes.
const maxCorrected = 24

// onOrder reports whether a product or another pack of it is on the order in the making, else on the
// one that is placed.
func (t *turn) onOrder(m entity.NameMatch) bool {
	on := t.orderedIDs()
	return slices.ContainsFunc(append([]string{m.ID}, m.Others...), func(id string) bool {
		return slices.ContainsFunc(on, func(other string) bool { return other == id || t.samePack(other, id) })
	})
}

// countedSo is the name of the only line that there are so many of, or of the only line at all.
func (t *turn) countedSo(amount string) string {
	n := 0
	for _, w := range split(amount) {
		if digits, err := strconv.Atoi(strings.TrimRight(w, "kglm")); err == nil {
			n = digits
		} else if token.Spelled(w) {
			if said := numbersSaid(w); len(said) > 0 {
				n = int(said[0])
			}
		}
	}
	var lines []Line
	if o := t.next.Order; o != nil {
		lines = o.Lines
	} else if meant, _ := t.meantOrders(); len(meant) == 1 {
		for _, l := range meant[0].Lines {
			lines = append(lines, Line{Product: l.Product, Quantity: l.Quantity})
		}
	}
	so := slices.DeleteFunc(slices.Clone(lines), func(l Line) bool { return l.Quantity != n })
	if len(lines) != 1 && len(so) != 1 {
		return ""
	}
	if len(so) != 1 {
		so = lines
	}
	return bareName(t.k.nameOf(so[0].Product, t.say))
}

// stillSo asks why something is as it was, in front of it.
var stillSo = regexp.MustCompile(`(?i)\b(?:` + alternatives("still so") + `)\b`)

// maxBetweenSizes is how far from the old size the new one stands at most, in bytes.
const maxBetweenSizes = 60

// correctedSize is a text that asks why a size is still the old one and names the other, written as
// a plain change: "bado ni L? nataka XL" was answered as a question.
func (t *turn) correctedSize(text string) string {
	o := t.next.Order
	if o == nil || len(text) > maxRead || !stillSo.MatchString(text) {
		return text
	}
	sized := 0
	for _, l := range o.Lines {
		if l.Size != "" {
			sized++
		}
	}
	for _, l := range o.Lines {
		p := t.k.product[l.Product]
		if p == nil || len(p.Sizes) < 2 || l.Size == "" {
			continue
		}
		for _, size := range p.Sizes {
			start, end := sizeStill(text, l.Size, size)
			if end == 0 {
				continue
			}
			name := "size"
			if sized > 1 {
				name = bareName(t.k.nameOf(p.ID, t.say))
			}
			plain := "badilisha " + name + " iwe " + size
			if t.say.language == flowhq.English {
				plain = "change the " + name + " to " + size
			}
			return text[:start] + plain + text[end:]
		}
	}
	return text
}

// sizeStill is where a text asks why a size is still the old one, and where the new one ends that
// it names behind that. end is 0 if it does not.
func sizeStill(text, old, size string) (start, end int) {
	if strings.EqualFold(old, size) {
		return 0, 0
	}
	for _, a := range sizeAt(text, old) {
		start, _ = sentenceAround(text, a, a+len(old))
		if !stillSo.MatchString(text[start:a]) {
			continue
		}
		for _, b := range sizeAt(text, size) {
			if b > a && b-a <= maxBetweenSizes {
				return start, b + len(size)
			}
		}
	}
	return 0, 0
}
