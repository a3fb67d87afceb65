package reply

// swahili is every text in Swahili, as businesses in Tanzania and Kenya write to
// their customers: kind, respectful, short.
var swahili = phrasebook{
	hello:     "Habari!",
	welcome:   "Karibu {business}. Tukusaidie nini leo?",
	sorry:     "Asante kwa kuwasiliana na {business}. Tukusaidie nini?",
	choose:    "Tafadhali jibu kwa namba, kwa mfano 1.",
	wordsOnly: "Samahani, hapa tunasoma maandishi tu. Tafadhali tuandikie ujumbe wako kwa maneno.",
	thanks:    "Karibu sana! Ukihitaji kitu kingine, andika “menu”.",
	ok:        "Sawa! Ukihitaji kitu kingine, andika “menu”.",

	slowDown: "Tumepokea ujumbe mwingi kwa muda mfupi. Tafadhali subiri dakika chache kabla ya " +
		"kutuandikia tena. Asante kwa uvumilivu wako.",
	busy: "Watu wengi sana wanatuandikia, na hatukuweza kujibu ujumbe wako kwa wakati. Tafadhali " +
		"tuandikie tena baadaye. Asante kwa uvumilivu wako.",
	pleaseWait: "Bado tunajibu ujumbe wako wa awali. Tafadhali subiri kidogo, kisha tuma tena " +
		"ujumbe wako wa mwisho.",
	muted: "Kwa sasa tumesitisha majibu ya kiotomatiki hapa. Mhudumu wetu ataangalia ujumbe " +
		"wako. Asante kwa uvumilivu wako.",

	helloFor: map[string]string{
		"shikamoo": "Marahaba!", "shkamoo": "Marahaba!",
		"salaam": "Wa alaikum salaam!", "asalaam": "Wa alaikum salaam!",
		"assalaam": "Wa alaikum salaam!", "asalam": "Wa alaikum salaam!",
		"assalam": "Wa alaikum salaam!", "assalamu": "Wa alaikum salaam!",
		"hujambo": "Hatujambo!", "hamjambo": "Hatujambo!",
	},

	// What is noted is never promised: the bot knows neither free dates nor the stock, so the
	// business's people have the last word.
	booking: map[string]phrase{
		intentBook: {
			menu: "Kuweka miadi",
			answer: "Karibu {business}! Ungependa huduma gani, na tarehe gani? Kwa mfano: " +
				"facial, 26 Feb.",
			noted: "Asante! Tumepokea ombi lako la miadi: “{details}”. Tutakuthibitishia hapa.",
		},
		intentServices: {
			menu: "Huduma zetu",
			answer: "Ungependa kujua kuhusu huduma gani ya {business}? Tafadhali tuandikie jina " +
				"la huduma, na tarehe kama unayo. Kwa mfano: facial, 26 Feb.",
			noted: "Asante! Tumepokea swali lako: “{details}”. Tutakujibu hapa.",
		},
		intentPrices: {
			menu: "Bei",
			answer: "Ungependa kujua bei ya huduma gani? Tafadhali tuandikie jina la huduma, kwa " +
				"mfano: facial.",
			noted: "Asante! Ungependa kujua bei ya: “{details}”. Tutakujulisha hapa.",
		},
		intentContact: {
			menu:   "Mawasiliano",
			answer: contactInSwahili,
			noted:  "Asante! Tumepokea ujumbe wako: “{details}”. Tutakujibu hapa.",
		},
		intentChange: {
			answer: "Ili kubadilisha au kughairi miadi, tafadhali tuandikie jina lako, huduma na " +
				"tarehe yake, na mabadiliko unayotaka.",
			noted: "Asante! Tumepokea ombi lako: “{details}”. Tutakuthibitishia hapa.",
		},
	},

	ecommerce: map[string]phrase{
		intentProducts: {
			menu: "Bidhaa",
			answer: "Unatafuta bidhaa gani kutoka {business}? Tafadhali tuandikie jina lake, na " +
				"saizi au rangi kama ni muhimu.",
			noted: "Asante! Unatafuta: “{details}”. Tutakujulisha hapa kama ipo.",
		},
		intentPrices: {
			menu:   "Bei",
			answer: "Ungependa kujua bei ya bidhaa gani? Tafadhali tuandikie jina la bidhaa.",
			noted:  "Asante! Ungependa kujua bei ya: “{details}”. Tutakujulisha hapa.",
		},
		intentOrder: {
			menu: "Kuagiza",
			answer: "Karibu uagize! Ungependa bidhaa gani, na idadi au kiasi gani? Kwa mfano: " +
				"sukari, kilo 2.",
			noted: "Asante! Tumepokea agizo lako: “{details}”. Tutakuthibitishia hapa.",
		},
		intentDelivery: {
			menu: "Kuletewa bidhaa",
			answer: "Tukuletee wapi, na bidhaa gani? Tafadhali tuandikie mtaa na mji, kwa mfano: " +
				"Sinza, Dar es Salaam.",
			noted: "Asante! Tumepokea maelezo yako: “{details}”. Tutakujulisha hapa gharama na " +
				"muda wa kukuletea.",
		},
		intentFollowUp: {
			answer: "Kuhusu agizo ulilofanya: tafadhali tuandikie namba yake, au bidhaa na siku " +
				"uliyoagiza, na jinsi tunavyoweza kukusaidia.",
			noted: "Asante! Tumepokea maelezo kuhusu agizo lako: “{details}”. Tutafuatilia na " +
				"kukujibu hapa.",
		},
		intentPayment: {
			answer: "Malipo ni ya bidhaa au agizo gani? Tafadhali tuandikie hapa, na usitutumie " +
				"kamwe PIN au neno lako la siri.",
			noted: "Asante! Tumepokea swali lako la malipo: “{details}”. Tutakujibu hapa.",
		},
		intentContact: {
			answer: contactInSwahili,
			noted:  "Asante! Tumepokea ujumbe wako: “{details}”. Tutakujibu hapa.",
		},
	},

	support: map[string]phrase{
		intentProblem: {
			menu: "Kuripoti tatizo",
			answer: "Pole sana kwa usumbufu. Tafadhali tueleze tatizo lako kwa undani: nini " +
				"kimetokea, lini, na kwa bidhaa au huduma gani.",
			noted: "Asante kwa maelezo. Tumepokea taarifa ya tatizo lako: “{details}”. " +
				"Tutakujibu hapa.",
		},
		intentQuestion: {
			menu:   "Kuuliza swali",
			answer: "Karibu uulize! Tafadhali tuandikie swali lako kwa ujumbe mmoja.",
			noted:  "Asante! Tumepokea swali lako: “{details}”. Tutakujibu hapa.",
		},
		intentContact: {
			menu:   "Mawasiliano",
			answer: contactInSwahili,
			noted:  "Asante! Tumepokea ujumbe wako: “{details}”. Tutakujibu hapa.",
		},
		intentHours: {
			menu: "Saa za kazi",
			answer: "Unaweza kuiandikia {business} hapa saa yoyote; tunajibu wakati wa saa za " +
				"kazi. Je, ungependa kujua kuhusu siku fulani? Tafadhali tuandikie siku hiyo.",
			noted: "Asante! Ungependa kujua kuhusu: “{details}”. Tutakujibu hapa.",
		},
		// The details are not repeated: people write their PIN in spite of what they are told.
		intentAccount: {
			answer: "Kuhusu akaunti yako au malipo: tafadhali tuandikie jina lako na " +
				"unachohitaji. Usitutumie kamwe PIN au neno lako la siri.",
			noted: "Asante! Tumepokea ombi lako. Tutakujibu hapa. Tafadhali usimpe mtu yeyote " +
				"PIN au neno lako la siri.",
		},
	},
}

// contactInSwahili is contactInEnglish in Swahili.
const contactInSwahili = "Unaweza kuwasiliana na {business} hapa hapa. Tafadhali tuandikie jina " +
	"lako na unachohitaji, nasi tutakujibu."
