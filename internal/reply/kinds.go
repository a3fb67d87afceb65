package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// kindWords say which kind of a thing is wanted: coconut oil is no sunflower oil.
var kindWords = listOf("kinds")

// kindLinks stand between a thing and its kind in Swahili: "unga wa dona".
var kindLinks = keywords("wa, ya, za, la, cha, vya, kya, pa")

// maxKind is how many words in front of a name are looked at, and behind it.
const maxKind = 2

// wantsOtherKind reports whether the message names a product by a kind that none of its names has.
// "Unga wa dona" put maize flour of another kind on the order, and "do you have coconut oil" was
// answered with a yes.
func (t *turn) wantsOtherKind(m entity.NameMatch) bool {
	p := t.k.product[m.ID]
	if p == nil || m.Start < 0 || m.End > len(t.p.text) || m.Start >= m.End {
		return false
	}
	before, behind := split(t.p.text[:m.Start]), split(t.p.text[m.End:])
	near := slices.Concat(before[max(0, len(before)-maxKind):], split(t.p.text[m.Start:m.End]))
	// Only what is linked: in "unga na mafuta ya nazi" the coconut is the oil's.
	if len(behind) > 1 && hasWord(kindLinks, behind[0]) {
		near = append(near, behind[1])
	}
	for _, w := range near {
		if hasWord(kindWords, w) && !slices.ContainsFunc(namesOf(p.Name, p.Aliases),
			func(name string) bool {
				return slices.Contains(split(name), w)
			}) {
			return true
		}
	}
	return false
}

// askOtherKind says which kind there is, and asks how many of that. It reports whether it asked:
// nothing is put down that was not named.
func (t *turn) askOtherKind(m entity.NameMatch) bool {
	if !t.wantsOtherKind(m) {
		return false
	}
	t.tell("product.other_kind", "name", t.k.nameOf(m.ID, t.say))
	t.ask(Ask{For: askQuantity, About: m.ID}, "order.quantity")
	t.unsettled = true
	return true
}

// singular is a word without the ending of the English plural.
func singular(w string) string {
	if s, ok := strings.CutSuffix(w, "sses"); ok {
		return s + "ss"
	}
	if strings.HasSuffix(w, "ss") {
		return w
	}
	return strings.TrimSuffix(w, "s")
}

// wordOf is the one word that names a product in the text, "" if more do.
func (p *perception) wordOf(m entity.NameMatch) string {
	if m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
		return ""
	}
	if words := split(p.text[m.Start:m.End]); len(words) == 1 {
		return singular(words[0])
	}
	return ""
}

// dropProductEchoes drops goods that are named by no more than a word of others that are named
// whole: "where are the dresses, I said 2 maxi dress" put an office dress on the order.
func (t *turn) dropProductEchoes(p *perception) {
	// The list is read while it is shortened, so that a copy is cut.
	all := p.products
	p.products = slices.DeleteFunc(slices.Clone(all), func(m entity.NameMatch) bool {
		w := p.wordOf(m)
		// "Ok leave the gas" names no tea leaves, and "3rd floor" no flour.
		if (w == "leave" || w == "floor") && !m.Exact {
			return true
		}
		return w != "" && !m.Exact && m.Quantity == 0 &&
			slices.ContainsFunc(all, func(other entity.NameMatch) bool {
				return other.ID != m.ID && other.Exact && other.Start < other.End &&
					slices.Contains(split(p.text[other.Start:other.End]), w)
			})
	})
}

// joinLinked reads two goods with no more than a link between as one, of which the customer is
// asked: "viatu vya ngozi" are no sneakers and sandals.
func (t *turn) joinLinked(p *perception) {
	// Right beside each other, with "vya" or "za" between and no comma.
	for i := 0; i+1 < len(p.products); i++ {
		a, b := p.products[i], &p.products[i+1]
		if a.End > b.Start || a.End < 0 || b.Start > len(p.text) || a.ID == b.ID || a.Quantity > 0 {
			continue
		}
		// "Washing soap" is one thing, whichever.
		if p.text[a.End:b.Start] == " " && !a.Exact && p.wordOf(a) != "" && p.wordOf(*b) != "" {
			b.Exact, b.Start = false, a.Start
			b.Others = append(b.Others, a.ID)
			p.products = slices.Delete(p.products, i, i+1)
			continue
		}
		if between := strings.TrimSpace(p.text[a.End:b.Start]); hasWord(kindLinks,
			strings.ToLower(between)) {
			b.Exact, b.Start = false, a.Start
			b.Others = append(b.Others, a.ID)
			p.products = slices.Delete(p.products, i, i+1)
		}
	}
}

// widenKinds notes which other goods are of the kind that the message names and no more: "suruali"
// is the other name of the khaki ones, and jeans are trousers too. A size that only one of them has
// says which.
func (t *turn) widenKinds(p *perception) {
	for i := range p.products {
		m := &p.products[i]
		w := p.wordOf(*m)
		own := t.k.product[m.ID]
		if w == "" || own == nil || len(m.Others) > 0 || !isKind(own, w) ||
			slices.Contains(split(singular(strings.ToLower(own.Name.EN))), w) &&
				len(split(own.Name.EN)) == 1 {
			continue
		}
		for _, q := range t.k.inStock() {
			if q.ID != m.ID && !t.samePack(q.ID, m.ID) && isKind(q, w) &&
				(m.Size == "" || slices.Contains(q.Sizes, m.Size)) {
				m.Others = append(m.Others, q.ID)
				m.Exact = false
			}
		}
	}
}

// isKind reports whether a word is the whole name of the kind that a product is listed under.
func isKind(p *flowhq.Product, w string) bool {
	return singular(strings.ToLower(p.Category.EN)) == w || strings.ToLower(p.Category.SW) == w
}

// widenNames notes which other goods have the one word that named a product by a likeness. The name
// whose other words are rarest won: "a dress" was an office dress, and no other was asked about.
func (t *turn) widenNames(p *perception) {
	for i := range p.products {
		m := &p.products[i]
		w := p.wordOf(*m)
		if w == "" || m.Exact || len(m.Others) > 0 || len(w) < minSubject {
			continue
		}
		// Only what can be had: a choice among sold out things helps nobody.
		for _, q := range t.k.inStock() {
			if q.ID != m.ID && len(m.Others) < maxShort &&
				slices.Contains(split(strings.Join(namesOf(q.Name, q.Aliases), " ")), w) {
				m.Others = append(m.Others, q.ID)
			}
		}
	}
}
