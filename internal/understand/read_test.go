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
	{flowhq.BookingTemplate, "bei gan ya kunyoa na ndevu", Price},
	{flowhq.BookingTemplate, "nyinyi mko wapi kwani", Location},
	{flowhq.BookingTemplate, "niwekee nafasi ya kesho saa nne plz", Book},
	{flowhq.BookingTemplate, "pliz cancel booking yangu ya leo", Cancel},
	{flowhq.BookingTemplate, "nataka kusogeza booking yangu hadi ijumaa", Change},
	{flowhq.BookingTemplate, "jumapili mnafungua saa ngapi", Hours},
	{flowhq.BookingTemplate, "can i get a slot for a beard trim tomorrow at 4?", Book},
	{flowhq.BookingTemplate, "hey, how much would a haircut cost me?", Price},
	{flowhq.BookingTemplate, "hi, where r u guys located?", Location},
	{flowhq.EcommerceTemplate, "iko ngapi hiyo bag ya brown", Price},
	{flowhq.EcommerceTemplate, "mnadeliver mpaka kitengela", Delivery},
	{flowhq.EcommerceTemplate, "naeza pata hiyo size 43", Availability},
	{flowhq.EcommerceTemplate, "nachukua mbili za blue", Order},
	{flowhq.EcommerceTemplate, "mteja wangu hajapata mzigo mpaka leo", Status},
	{flowhq.EcommerceTemplate, "nirudishieni pesa yangu, hii sio niliagiza", Return},
	{flowhq.EcommerceTemplate, "till number yenu ni gani", Payment},
	{flowhq.EcommerceTemplate, "when will my parcel get here", Status},
	{flowhq.SupportTemplate, "internet yangu inakata kata tangu jana", Problem},
	{flowhq.SupportTemplate, "nimesahau pasword ya account yangu", Account},
	{flowhq.SupportTemplate, "mbona mmenikata pesa mara mbili mwezi huu", Billing},
	{flowhq.SupportTemplate, "my wifi has been down since yesterday", Problem},
	{flowhq.SupportTemplate, "fundi atafika saa ngapi leo", Status},
	{flowhq.SupportTemplate, "nipeeni mtu wa kuongea naye", Human},
	{flowhq.BookingTemplate, "mnaboa sana, huduma mbovu kabisa", Complaint},
	{flowhq.BookingTemplate, "asante sana ndugu", Thanks},
	{flowhq.BookingTemplate, "niaje mkuu", Greeting},
	{flowhq.EcommerceTemplate, "wacheni kunitumia messages zenu", Stop},
}

func TestReadUnderstandsTheStreet(t *testing.T) {
	for _, c := range readings {
		r := Read(c.text, c.template)
		if r.Best() != c.want {
			t.Errorf("%s %q is read as %s %v; want %s", c.template, c.text, r.Band, r.Intents[:3], c.want)
		}
	}
}
