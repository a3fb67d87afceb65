package reply

// Intents of the BOOKING template.
const (
	intentBook     = "book"
	intentServices = "services"
	intentPrices   = "prices"
	intentContact  = "contact"
	intentChange   = "change" // or cancel
)

// booking serves whoever takes appointments. What only the later topics' words
// would get wrong comes first: "cancel my booking" is no wish to book, and "what
// does a service cost" no question for a date.
var booking = template{
	menu: []string{intentBook, intentServices, intentPrices, intentContact},
	topics: []topic{
		{intent: intentChange, keywords: keywords(`
			cancel*, +cancel, reschedul*, postpone*, amend*, +change, chang*, *ghairi*, *ahirish*,
			*badilish*, delete*, get rid of, can't make, kufuta, futa, nifute, nifutie, ufute,
			*sitish*
		`)},
		{intent: intentContact, keywords: contactWords},
		{intent: intentPrices, keywords: priceWords},
		// Several words each: "service" alone is said by those who want to book one.
		{intent: intentServices, keywords: keywords(`
			your services, our services, what services, which services, services do you,
			services offered, list of services, huduma zenu, huduma zetu, huduma gani,
			huduma zipi, mnatoa huduma, mna huduma, huduma mnazo*
		`)},
		// Last: its words, such as "table" and "slot", are in the other topics' sentences too.
		{intent: intentBook, keywords: keywords(`
			+book, +booki, booked, booking*, bookin, service*, *huduma*, *hudumi*, miadi, miad,
			appointment*, appoint, apointment*, reservation*, reserve*, +reserve, schedule*,
			slot*, table, available, availability, *hifadhi*, *nafasi*, *wekee*, meza, kupanga,
			nipange*, panga, uteuzi
		`)},
	},
}

// contactWords ask for a person or for the way to one; every template has them.
var contactWords = keywords(`
	contact*, phone number, your number, telephone, call you, call me, reach you, get in touch,
	address, location, located, where are, where is, where can i, nearest, closest, direction*,
	human, real person, a person, agent*, operator*, representative, customer service*,
	customer care, customer support, customer assistance, talk to, speak to, speak with,
	talk with, mawasiliano, *wasiliana*, namba yenu, namba ya simu, nambari ya simu, simu yenu,
	nipigie*, piga simu, kupiga simu, wapi, mnapatikana*, mahali gani, anwani, anuani, maelekezo,
	*mhudumu*, *wahudumu*, mtu halisi, kuongea na, kuzungumza na, huduma kwa wateja,
	huduma ya wateja, huduma za wateja
`)

// priceWords ask what something costs.
var priceWords = keywords(`
	price*, pricing, cost, costs, how much, fee, fees, charges, charge, rates, bei, *gharama*,
	*gharimu*, pesa ngapi, shilingi ngapi, sh ngapi, tsh ngapi, ksh ngapi, kiasi gani, ni ngapi,
	nauli, punguzo, discount*
`)
