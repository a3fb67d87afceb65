package reply

import (
	"slices"

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
		if hasWord(kindWords, w) && !slices.ContainsFunc(namesOf(p.Name, p.Aliases), func(name string) bool {
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
