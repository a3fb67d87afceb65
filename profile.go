package flowhq

import (
	"strings"
	"sync"
	"time"
)

// A Profile is what the owner has told about the business: all that the bot may state as a fact.
// What is not here is passed on to a person and never made up, so every field has a value that
// means "not given".
//
// Money is in whole units of Currency: neither shilling has a coin of less than one.
type Profile struct {
	// Version grows with each change. 0 is the empty profile.
	Version  int64  `json:"version"`
	TimeZone string `json:"time_zone"` // a name of the IANA database
	Currency string `json:"currency"`  // ISO 4217

	Hours    []Opening `json:"hours"` // none at all: not given
	Holidays []Holiday `json:"holidays"`
	// Capacity is how many bookings there may be at the same time: chairs, rooms, doctors.
	Capacity int       `json:"capacity"`
	Services []Service `json:"services"`
	Products []Product `json:"products"`
	Place    Place     `json:"place"`
	Delivery Delivery  `json:"delivery"`
	Payments []Payment `json:"payments"`
	Answers  []Answer  `json:"answers"`
	// Texts are the owner's own words in place of the bot's, by the key of the text.
	Texts map[string]Text `json:"texts"`

	// OwnerNumber is told of chats that are handed over; "" = nobody is. E.164.
	OwnerNumber string `json:"owner_number"`
	// HandOverMinutes is for how long the bot stays out of a chat that was handed over, in
	// minutes, counted from the owner's last message in it.
	HandOverMinutes int `json:"hand_over_minutes"`

	Assistant Assistant `json:"assistant"`
}

// An Assistant says whether a language model may be asked what a customer means whom the bot did
// not understand. It takes an installation that has one; see docs/assistant.md.
type Assistant struct {
	Enabled bool `json:"enabled"`
	// DailyRequests is how often it is asked at most on one day of the business.
	DailyRequests int `json:"daily_requests"`
}

// What a profile has unless the owner says otherwise.
const (
	DefaultTimeZone = "Africa/Dar_es_Salaam"
	DefaultCurrency = "TZS"
	DefaultCapacity = 1
	// DefaultDailyRequests bounds what a tenant's assistant costs.
	DefaultDailyRequests = 200
)

// Currencies lists the currencies in which a profile may have its prices.
var Currencies = []string{"TZS", "KES"}

// NewProfile is the profile of a tenant whose owner has given nothing yet. Time zone and currency are
// those of the country that the tenant's number is of.
func NewProfile(phoneNumber string) Profile {
	p := Profile{TimeZone: DefaultTimeZone, Currency: DefaultCurrency}
	if strings.HasPrefix(phoneNumber, "+254") {
		p.TimeZone, p.Currency = "Africa/Nairobi", "KES"
	}
	return p.Normalized()
}

// A Text is a text in both languages. One of them may be missing.
type Text struct {
	EN string `json:"en"`
	SW string `json:"sw"`
}

// In returns the text in this language, or in the other one if it is missing.
func (t Text) In(l Language) string {
	if l == Swahili && t.SW != "" || t.EN == "" {
		return t.SW
	}
	return t.EN
}

// Empty reports whether the text is missing in both languages.
func (t Text) Empty() bool { return t.EN == "" && t.SW == "" }

// An Opening is from when to when the business is open on one day of the week. A day may have
// several; a day without one is closed if any day has one.
type Opening struct {
	Day    Day    `json:"day"`
	Opens  string `json:"opens"`  // "08:00"
	Closes string `json:"closes"` // "20:00", "24:00", or up to "06:00" of the next day
}

// A Day is a day of the week.
type Day string

// The days, spelt as in JSON.
const (
	Sun Day = "sun"
	Mon Day = "mon"
	Tue Day = "tue"
	Wed Day = "wed"
	Thu Day = "thu"
	Fri Day = "fri"
	Sat Day = "sat"
)

// Days lists every Day in the order of time.Weekday.
var Days = []Day{Sun, Mon, Tue, Wed, Thu, Fri, Sat}

// DayOf returns the day of the week that w is.
func DayOf(w time.Weekday) Day { return Days[w] }

// A Holiday is a date on which the hours of its day of the week do not hold.
type Holiday struct {
	Date   string `json:"date"` // "2026-12-25"
	Name   Text   `json:"name"`
	Opens  string `json:"opens"` // both "": closed all day
	Closes string `json:"closes"`
}

// A Service is something that customers come for.
type Service struct {
	ID      string   `json:"id"` // made from the name if it is ""
	Name    Text     `json:"name"`
	Aliases []string `json:"aliases"`  // other words for it, in either language
	Minutes int      `json:"minutes"`  // how long it takes; 0 = not given
	Price   int64    `json:"price"`    // 0 = not given
	PriceTo int64    `json:"price_to"` // if the price is a range; 0 = it is none
	// Description is told to those who ask about the service.
	Description Text `json:"description"`
	Unavailable bool `json:"unavailable"` // for the time being
}

// A Product is something that customers order.
type Product struct {
	ID          string   `json:"id"` // made from the name if it is ""
	Name        Text     `json:"name"`
	Aliases     []string `json:"aliases"` // other words for it, in either language
	Price       int64    `json:"price"`   // 0 = not given
	Category    Text     `json:"category"`
	Description Text     `json:"description"`
	Sizes       []string `json:"sizes"` // to choose from; none: it has no sizes
	// Stock is how many there are; nil = not counted.
	Stock       *int `json:"stock"`
	Unavailable bool `json:"unavailable"` // for the time being
}

// A Place is where customers come to.
type Place struct {
	Address   Text     `json:"address"`
	MapLink   string   `json:"map_link"`
	Latitude  *float64 `json:"latitude"` // nil = not given, like Longitude
	Longitude *float64 `json:"longitude"`
}

// Delivery is whether, where and for how much orders are brought.
type Delivery struct {
	Offered  *bool  `json:"offered"` // nil = not given
	Areas    []Area `json:"areas"`
	Note     Text   `json:"note"`
	FreeFrom int64  `json:"free_from"` // total of an order that is brought for nothing; 0 = none is
}

// An Area is one that orders are brought to.
type Area struct {
	Name    string   `json:"name"` // places have one name in both languages
	Aliases []string `json:"aliases"`
	// Fee is nil if it was not given; 0 is free. The two must not be mixed up.
	Fee  *int64 `json:"fee"`
	Note Text   `json:"note"`
}

// A Payment is a way to pay.
type Payment struct {
	Name        string `json:"name"`         // "M-Pesa", "Cash"
	Number      string `json:"number"`       // till, paybill, phone or account number; "" = none
	AccountName string `json:"account_name"` // that the customer will see; "" = not given
	Note        Text   `json:"note"`
}

// An Answer is what the owner wants to be said to a question.
type Answer struct {
	ID        string   `json:"id"`        // made from the first question if it is ""
	Questions []string `json:"questions"` // several wordings, in either language
	Answer    Text     `json:"answer"`
}

// zones are the time zones that were loaded, by name: to read one from its file takes 4 µs, ten
// times as long as what it is read for, and many a time for a message. There are some 600 names.
var zones sync.Map

// Zone returns the time zone of the business.
func (p Profile) Zone() *time.Location {
	if zone, ok := zones.Load(p.TimeZone); ok {
		return zone.(*time.Location)
	}
	if zone, err := time.LoadLocation(p.TimeZone); err == nil && p.TimeZone != "" {
		zones.Store(p.TimeZone, zone)
		return zone
	}
	// Validate refuses what cannot be loaded. East Africa's clock is right in both countries.
	return time.FixedZone("EAT", 3*60*60)
}

// HandOver returns for how long the bot stays out of a chat that was handed over.
func (p Profile) HandOver() time.Duration {
	if p.HandOverMinutes == 0 {
		return DefaultHandOverMinutes * time.Minute
	}
	return time.Duration(p.HandOverMinutes) * time.Minute
}

// MaxProfileBytes bounds a whole profile as JSON, in bytes. It is read whole for each change, and
// as many versions as [KeptVersions] are stored.
const MaxProfileBytes = 1 << 20

// KeptVersions is how many versions of a profile are kept, the current one included.
const KeptVersions = 50

// A ProfileVersion says when a profile was changed, and by whom.
type ProfileVersion struct {
	Version   int64     `json:"version"`
	Actor     string    `json:"actor"`
	Reason    string    `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
}
