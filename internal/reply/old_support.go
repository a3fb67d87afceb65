package reply

// Intents of the SUPPORT template, beside [intentContact].
const (
	intentProblem  = "problem"
	intentQuestion = "question"
	intentHours    = "hours"
	intentAccount  = "account" // password, balance, bill
)

// support serves help desks. The original's words for a problem come first; what
// only hints at one ("help") comes last, because it also opens other requests.
var support = template{
	menu: []string{intentProblem, intentQuestion, intentContact, intentHours},
	topics: []topic{
		{intent: intentProblem, keywords: keywords(`
			problem*, problm*, issue*, complain*, claim*, reclamation*, broken, broke,
			not working, doesn't work, isn't working, didn't work, stopped working, won't, wrong,
			missing, not arrived, hasn't arrived, error*, fail*, declined, lost, stolen, fraud*,
			faulty, damaged, shida, mashida, tatizo, *matatizo*, *lalamik*, *lalamish*, hitilafu,
			haifanyi, halifanyi, hazifanyi, imegoma, imekataa, inakataa, *haribik*, imepotea,
			nimepoteza, imeibiwa, nimeibiwa, *kosea*, *shindw*
		`)},
		// "Saa ngapi" is "what time".
		{intent: intentHours, keywords: keywords(`
			hours, opening, closing, you open, you close, are open, open today, open on,
			what time, saa za kazi, mnafungua, mnafunga, mko wazi, mpo wazi, saa ngapi, masaa
		`)},
		{intent: intentContact, keywords: contactWords},
		// Whoever announces a question has yet to ask it.
		{intent: intentQuestion, keywords: keywords(`
			question*, faq, faqs, ask you, can i ask, swali, *maswali*, kuuliza, niulize,
			naomba kujua
		`)},
		// After problems: "my password is wrong" is one.
		{intent: intentAccount, keywords: keywords(`
			account*, password*, passcode*, pin, login, log in, sign in, sign up, signup,
			balance*, bill, bills, billing, invoice*, payment*, pay, paying, charge, charges,
			charged, refund*, reimburse*, *akaunti*, nenosiri, neno la siri, nywila, salio, bili,
			*lipia*, kulipa, lipa, malipo, deni, *daiwa*, *miamala*, muamala
		`)},
		{intent: intentProblem, keywords: keywords(`
			help*, assist*, support, stuck, can't, cannot, unable, msaada, *saidi*, siwezi,
			nimekwama
		`)},
	},
}
