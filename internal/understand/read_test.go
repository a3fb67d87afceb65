package understand

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// What customers write, and what each has to be read as. None of the phrases is a seed.
var readings = []struct {
	template flowhq.Template
	text     string
	want     Intent
}{
	{flowhq.Booking, "bei gan ya kunyoa na ndevu", Price},
	{flowhq.Booking, "nyinyi mko wapi kwani", Location},
	{flowhq.Booking, "niwekee nafasi ya kesho saa nne plz", Book},
	{flowhq.Booking, "pliz cancel booking yangu ya leo", Cancel},
	{flowhq.Booking, "nataka kusogeza booking yangu hadi ijumaa", Change},
	{flowhq.Booking, "jumapili mnafungua saa ngapi", Hours},
	{flowhq.Booking, "can i get a slot for a beard trim tomorrow at 4?", Book},
	{flowhq.Booking, "hey, how much would a haircut cost me?", Price},
	{flowhq.Booking, "hi, where r u guys located?", Location},
	{flowhq.Ecommerce, "iko ngapi hiyo bag ya brown", Price},
	{flowhq.Ecommerce, "mnadeliver mpaka kitengela", Delivery},
	{flowhq.Ecommerce, "naeza pata hiyo size 43", Availability},
	{flowhq.Ecommerce, "nachukua mbili za blue", Order},
	{flowhq.Ecommerce, "mteja wangu hajapata mzigo mpaka leo", Status},
	{flowhq.Ecommerce, "nirudishieni pesa yangu, hii sio niliagiza", Return},
	{flowhq.Ecommerce, "till number yenu ni gani", Payment},
	{flowhq.Ecommerce, "when will my parcel get here", Status},
	{flowhq.Support, "internet yangu inakata kata tangu jana", Problem},
	{flowhq.Support, "nimesahau pasword ya account yangu", Account},
	{flowhq.Support, "mbona mmenikata pesa mara mbili mwezi huu", Billing},
	{flowhq.Support, "my wifi has been down since yesterday", Problem},
	{flowhq.Support, "fundi atafika saa ngapi leo", Status},
	{flowhq.Support, "nipeeni mtu wa kuongea naye", Human},
	{flowhq.Booking, "mnaboa sana, huduma mbovu kabisa", Complaint},
	{flowhq.Booking, "asante sana ndugu", Thanks},
	{flowhq.Booking, "niaje mkuu", Greeting},
	{flowhq.Ecommerce, "wacheni kunitumia messages zenu", Stop},
}

func TestReadUnderstandsTheStreet(t *testing.T) {
	for _, c := range readings {
		r := Read(c.text, c.template)
		if r.Best() != c.want {
			t.Errorf("%s %q is read as %s %s %v; want %s", c.template, c.text, r.Band, r.Intents[0].Intent, r.Intents[:3], c.want)
		}
	}
}
