package reply

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// An orderTalk writes messages at random and remembers the counts that these have said. Its counts
// are none of the other numbers that it writes: sizes, houses, sums, hours and telephones.
type orderTalk struct {
	*rand.Rand
	said     map[int]bool
	products []string
	areas    []string
	replies  []string
}

func pick(r *rand.Rand, all []string) string { return all[r.IntN(len(all))] }

// count is a number that a line may have from then on.
func (o *orderTalk) count() string {
	n := []int{2, 3, 4, 6, 7, 9}[o.IntN(6)]
	o.said[n] = true
	return fmt.Sprint(n)
}

// message is one of what customers write around an order.
func (o *orderTalk) message() string {
	thing := func() string { return pick(o.Rand, o.products) }
	switch o.IntN(20) {
	case 0, 1, 2:
		return pick(o.Rand, []string{"nataka ", "naomba ", "i want ", "nipe "}) + thing() + " " + o.count()
	case 3:
		return "nataka " + thing() + " " + o.count() + " na " + thing() + " " + o.count()
	case 4:
		return o.count() + " " + thing() + " and " + o.count() + " " + thing()
	case 5:
		return "nataka " + thing()
	case 6:
		return "ongeza " + thing() + " " + o.count()
	case 7:
		return "toa " + thing()
	case 8:
		return "niletee " + pick(o.Rand, o.areas) + " nyumba namba 58 nyuma ya msikiti"
	case 9:
		return pick(o.Rand, o.areas) + ", house 41"
	case 10:
		return pick(o.Rand, []string{"ndio", "sawa", "yes", "hapana", "ok confirm", "thibitisha"})
	case 11:
		return pick(o.Rand, []string{"mko wapi?", "mnafunga saa 12?", "jumla ngapi", "asante", "habari"})
	case 12:
		return "nina noti ya 50,000, ni sawa? cash"
	case 13:
		return "nipigie 0754123987"
	case 14:
		return pick(o.Rand, []string{"delivery", "nakuja kuchukua", "saa 11 jioni", "nipo ghorofa ya 15"})
	case 15:
		return "bei ya " + thing() + " ni ngapi"
	case 16:
		return "iwe " + o.count()
	case 17:
		return "size 42"
	case 18:
		return "toa " + thing() + " moja"
	default:
		return pick(o.Rand, []string{"L", "M", "nalipa mpesa", "ghairi", "black one", "hmm sijui",
			"the right one"})
	}
}

// may reports whether a line may have a quantity: one, what was said, what two that were said come
// to or differ by (more is added, some is taken off), or what such an amount is in packs.
func (o *orderTalk) may(n int, p *flowhq.Product) bool {
	sums := map[int]bool{1: true}
	said := []int{1}
	for v := range o.said {
		said = append(said, v)
	}
	for range 3 { // three steps of adding and taking off
		for have := range sums {
			for _, v := range said {
				sums[have+v], sums[have-v], sums[v] = true, true, true
			}
		}
	}
	if sums[n] || p.Stock != nil && n == *p.Stock {
		return true
	}
	pack, ok := packOf(p)
	return ok && slices.ContainsFunc(said, func(v int) bool { return float64(n)*pack.Value == float64(v) })
}

// Whatever is written, an order is what its lines come to and the fee, no line has a count that
// nobody has said, and what is read back is what is stored.
func TestOrdersAreWhatWasSaid(t *testing.T) {
	if !hasModel(t) {
		return
	}
	things := map[string][]string{
		"grocer": {"sukari", "mchele", "mkate", "sabuni", "maziwa", "nyanya", "chumvi", "mayai", "mafuta",
			"unga wa sembe", "bread", "rice", "soap", "eggs"},
		"clothes": {"gauni refu", "shati jeupe", "mkanda", "mkoba", "tisheti", "raba", "sandals", "jinzi",
			"belt", "maxi dress"},
	}
	for business, products := range things {
		for seed := range 60 {
			r := rand.New(rand.NewPCG(uint64(seed), 7))
			talk := &orderTalk{Rand: r, said: map[int]bool{}, products: products,
				areas: []string{"sinza", "magomeni", "westlands", "kilimani"}}
			c := newChat(t, business)
			var told []string
			for range 12 {
				text := talk.message()
				turn := c.say(text)
				told = append(told, "> "+text, "< "+turn.Reply)
				if fault := faultOf(c, talk, turn); fault != "" {
					t.Errorf("%s, seed %d: %s\n%s", business, seed, fault, strings.Join(told, "\n"))
					break
				}
			}
		}
	}
}

// wasTold reports whether the last reply that has a line of a product has it with this count.
func (o *orderTalk) wasTold(count int, p *flowhq.Product) bool {
	for _, reply := range slices.Backward(o.replies) {
		for _, name := range []string{p.Name.EN, p.Name.SW} {
			if strings.Contains(reply, " × "+name) {
				return strings.Contains(reply, thousands(int64(count))+" × "+name)
			}
		}
	}
	return false
}

// faultOf is what is wrong with the orders of a turn, "" if nothing is.
func faultOf(c *chat, talk *orderTalk, turn Turn) string {
	for _, f := range turn.Facts {
		o := f.Order
		if o == nil || o.Status == flowhq.OrderCancelled {
			continue
		}
		sum := o.Delivery.Fee
		for _, l := range o.Lines {
			p := c.know.product[l.Product]
			if p == nil || l.Price != p.Price || l.Quantity < 1 {
				return fmt.Sprintf("a line of %+v", l)
			}
			if !talk.may(l.Quantity, p) {
				return fmt.Sprintf("%d of %s were never said", l.Quantity, l.Product)
			}
			sum += p.Price * int64(l.Quantity)
		}
		if sum != o.Total {
			return fmt.Sprintf("the total is %d, the lines and the fee are %d", o.Total, sum)
		}
	}
	talk.replies = append(talk.replies, turn.Reply)
	b := turn.State.Order
	if b == nil || turn.State.Ask.For != askOrder || turn.Reply == "" {
		return ""
	}
	// The yes is to what was read: the total stands in the text, and each line was told last with
	// the count that it has, for a list that was read whole is not read again.
	var total int64
	for _, l := range b.Lines {
		p := c.know.product[l.Product]
		if !talk.wasTold(l.Quantity, p) {
			return fmt.Sprintf("%d of %s are not read back", l.Quantity, l.Product)
		}
		total += p.Price * int64(l.Quantity)
	}
	if a := c.know.area[b.Area]; b.How == howDeliver && a != nil && a.Fee != nil {
		if from := c.know.profile.Delivery.FreeFrom; from == 0 || total < from {
			total += *a.Fee
		}
	}
	if !strings.Contains(turn.Reply, thousands(total)) {
		return fmt.Sprintf("the total %d is not read back", total)
	}
	return ""
}
