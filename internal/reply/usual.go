package reply

import "slices"

// A usual question is one that customers of any business ask in words of their own: whether they
// may pay later, whether there are pictures. The words show what is asked, and not that it is the
// owner's question: in "can you send me pics of the ankara dresses" most words are of a dress. So
// the owner's questions are compared with the usual wordings, as if the customer had used these.
type usual struct {
	// words are what the question is about, in both languages and as people type them.
	words []keyword
	// with must be there too: nil = nothing else must.
	with []keyword
	// questions are put to the owner's answers in the customer's place. Several wordings, as one
	// owner has written "mnakopesha" and another "can I pay later".
	questions []string
	// about must be in the owner's questions: nil = likeness is enough.
	about []keyword
	// act is what the message does where the owner has no answer.
	act act
}

// creditQuestions ask whether one may pay later.
var creditQuestions = []string{
	"do you give credit", "can I pay later", "can I pay at the end of the month",
	"mnakopesha", "naweza kukopa", "nitalipa mwisho wa mwezi",
}

// usuals are tried in their order. Each is narrow: its words alone are in many messages, and the
// words of "with" beside them make the question. An entry that is too wide answers with the owner's
// rule where an order was meant.
var usuals = []usual{
	// Whether there is credit is a rule of the shop. Read as a way to pay it was agreed to.
	{words: keywords(`
		*kopesh*, mkopo, kukopa, nikope, kwa deni, on credit, pay later, nilipe baadaye,
		lipa kesho,
		nalipa kesho, nitalipa kesho, ntalipa kesho, pay tomorrow, pay you tomorrow, pay next week,
		pay on friday, nikipata mshahara, mshahara ukitoka, mshahara ukiingia,
		mwisho wa wiki nitalipa,
		nitalipa wiki, ntalipa wiki, kwenye daftari, niandikie deni, niandikie kwenye, nilipe kesho
	`), questions: creditQuestions},
	// The end of the month alone is a day: "nahama mwisho wa mwezi" asks for no credit.
	{words: keywords(`
		mwisho wa mwezi, mwisho mwezi, end of the month, end of month, end month
	`), with: keywords("*lip*, pay*, *kop*, *chuku*, deni, credit, owe, mshahara, salary, " +
		"niwekee, take"),
		questions: creditQuestions},
	// Whoever asks to pay at the door gets no till number to pay to first.
	{words: keywords(`
		on delivery, when it, when they, after it, after i, once it, once i, cod, nikipokea,
		ukifika,
		ikifika, zikifika, mzigo ukija, nikipata mzigo, mkileta, mkiniletea, ukileta, mkishaleta,
		baada ya kupokea, baada ya kuona, nikishapokea, nikiona, nikipewa,
		akipokea, akishapokea, wakipokea, tukipokea, on arrival
	`), with: keywords("pay, paying, cod, *lip*, cash"), questions: []string{
		"can I pay on delivery", "can I pay after I see it", "do I pay first",
		"naweza kulipa nikipokea", "nalipa kwanza", "nalipa baada ya kuona mzigo",
	}, act: actPayment},
	// Most words of such a question are of the goods: "pics of the ankara dresses".
	{words: keywords(`
		pic, pics, picture, pictures, photo, photos, picha, mapicha, catalogue, catalog, katalogi
	`), with: keywords(`
		send, see, share, show, have, any, nitumie, tuma, mtume, naomba, nione, niona, mna, kuna,
		ziko,
		leta, nionyeshe, can i get, ipo, zipo
	`), questions: []string{
		"can you send pictures", "send me photos", "do you have a catalogue", "nitumie picha",
		"naomba picha",
	}},
	// Colours are in no list of the owner's.
	{words: colourWords, with: keywords(`
		do you have, do u have, have them, have it, have you, available, is there, are there,
		come in, comes in, mna, mnayo, mnazo, kuna, zipo, ipo, iko, ziko,
		which, gani, rangi ipi
	`), questions: []string{
		"which colours do you have", "do you have it in black", "mna rangi gani", "rangi nyeusi ipo",
	}},
	{words: keywords("size chart, is which one, is which size, ni size gani, ni saizi gani"),
		questions: []string{
			"do you have a size chart", "which size fits me", "how do I know my size",
			"size gani itanitosha", "nitajuaje size yangu",
		}},
	{words: keywords(`
		which size is that, which size is it, what size is that, what size is it, i wear, navaa,
		huvaa,
		ninavaa, anavaa, she wears, he wears, nivae
	`), with: keywords("which, what, gani, ngapi, size chart"), questions: []string{
		"which size fits me", "how do I know my size", "size gani itanitosha",
		"nitajuaje size yangu",
	}},
	// Bad goods are told with the rule for them before a ticket is opened.
	{words: keywords(`
		rotten, spoilt, spoiled, expired, mbovu, bovu, kibovu, *meoza, *meharibika, *mechacha,
		damaged, imeisha muda
	`), questions: []string{
		"the goods are bad", "can I return something", "it is expired", "bidhaa imeharibika",
		"naweza kurudisha",
	}},
	// What came is not what was ordered.
	{words: keywords(`
		wrong size, wrong one, wrong colour, wrong color, sent me, exchange it, haitoshi,
		hainitoshi,
		hanitoshi, haijanitosha, size si, si size, sio size
	`), with: keywords(`
		sent me, wrong, exchange, haitoshi, hainitoshi, hanitoshi, haijanitosha, si, sio
	`), questions: []string{
		"can I exchange it if it does not fit", "what if the size is wrong",
		"do you accept returns",
		"naweza kubadilisha isiponitosha", "kama size si yangu",
	}},
	// A piece that is kept is not ordered yet.
	{words: keywords(`
		nishikie*, mnishikie*, uniwekee mpaka, mniwekee mpaka, niwekee mpaka, niwekeeni mpaka, mnifungie, nifungie,
		keep one, keep it for me, keep for me, keep me, hold one, hold it for me, reserve one,
		reserve it, uniwekee, mniwekee moja, niwekeeni moja
	`), questions: []string{"can you keep it for me", "can I reserve a dress", "naomba uniwekee"}},
	// Goods of the counter are in no order here: "I do not see any order of yours" was the answer.
	{words: keywords(`
		exchange it, exchange for, change it for, change it to, change for, swap it, swap for,
		swap, can i change it, can i exchange,
		naweza kubadilisha, nibadilishiwe, mnibadilishie, kubadilisha nguo
	`), with: keywords(`
		bought, receipt, too small, too big, too tight, too long, too short, doesnt fit,
		does not fit, didnt fit, shop, nilinunua,
		nimenunua, risiti, ndogo, kubwa, inabana, hainitoshi, haimtoshi, haitoshi, exchange
	`), questions: []string{
		"can I exchange it if it does not fit", "do you accept returns",
		"naweza kubadilisha isiponitosha",
	}},
	{words: boughtAtShop, with: keywords(`
		need, want, bring, exchange, change, swap, size, wrong, nataka, nahitaji, nilete, nije, kubadilisha, kubadili, saizi
	`), questions: exchangeQuestions},
	{words: whatIfWords, with: keywords("fit, fits, size, saizi, *tosh*, *faa, big, small, tight, loose, *bana*, " +
		"ndogo, kubwa, fupi, refu"),
		questions: []string{
			"can I exchange it if it does not fit", "what if the size is wrong",
			"do you accept returns", "naweza kubadilisha isiponitosha",
		}},
	{words: keywords(`
		haita*, hazita*, halita*, isipo*, zisipo*, lisipo*, ikini*, zikini*, wont fit, doesnt fit,
		does not fit, dont fit, do not fit
	`), with: keywords("*tosh*, fit, *bana*"), questions: []string{
		"can I exchange it if it does not fit", "what if the size is wrong",
		"naweza kubadilisha isiponitosha",
	}},
	// Trousers that are to be shortened are bought already.
	{words: keywords(`
		kukata, kukatwa, kukatia, kufupisha, kufupishwa, kushona, kushonea, mnashona, shorten, hem,
		alter, alterations, tailor, taken in, take in, kupunguza suruali, kupunguza nguo,
		kurekebisha, kupunguza urefu, mnipunguzie, unipunguzie, mpunguze, nipunguziwe, mnirekebishie,
		mnarekebisha
	`), with: keywords(`
		inchi, inch, inches, urefu, kiuno, kurekebisha,
		suruali, nguo, gauni, sketi, shati, mnashona, mnarekebisha, trouser*, dress*, skirt*,
		jean*, jinzi,
		shirt*, cloth*, alter*, tailor, hem
	`), questions: []string{
		"do you do alterations", "can you shorten trousers", "do you sew", "mnashona",
		"mnarekebisha nguo", "mnapunguza suruali",
	}},
	// Riders carry little change, so that owners want to know the note before.
	{words: keywords(`
		note, noti, chenji, change for
	`), with: keywords(`
		chenji, change, have a, only have, nina noti, noti ya, nina, with a, note
	`), questions: []string{
		"does the rider have change", "can the rider bring change", "bodaboda ana chenji",
		"mtaleta chenji",
	}},
	// What is out of stock is asked for again.
	{words: keywords(`
		are they back, is it back, be back, back in stock, new stock, zitakuja lini,
		itakuja lini tena,
		zitarudi lini, zinakuja lini, mzigo mpya
	`), with: keywords("when, lini, stock, mpya"), questions: []string{
		"when do you get new stock", "when is the new arrival", "mzigo mpya unakuja lini",
	}},
	{words: keywords(`
		fresh, mbichi, za jana, za leo, freshi
	`), with: keywords(`
		ni mbichi, ni fresh, ni freshi, za jana, are they, is it, are the, je, kweli, kweli ni
	`), questions: []string{
		"are the vegetables fresh", "when do you get vegetables", "mboga ni fresh",
		"mboga zinafika lini",
	}},
}

// usualsOfDesks are more of them, of clinics, barbers and providers.
// How they stand in order says nothing: no message fits two.
var usualsOfDesks = []usual{
	// Whoever leaves is answered with the terms, and with a day of payment no more.
	{words: keywords(`
		faini, penalty, kuacha huduma, kuacha kutumia, nataka kuacha, tunataka kuacha, kusitisha,
		nisitishe, kuvunja mkataba, stop the service, stop my service, stop the internet,
		stop my internet, terminate, leave you, cancel my internet, cancel the internet,
		cancel my subscription, cancel the service, end the contract
	`), questions: []string{
		"is there a contract", "can I stop at any time", "kuna mkataba",
		"naweza kuacha wakati wowote",
	}},
	// The number of the account is on no list of the bot's, and where it stands the owner has told.
	{words: keywords(`
		nimesahau, nimeisahau, nimeusahau, sikumbuki, siikumbuki, sijui, siijui, forgot, forgotten,
		dont know, do not know, dont remember, cant find, cannot find, lost
	`), with: keywords("account, akaunti, acc, acct, akaunt"), questions: []string{
		"where do I find my account number", "what is my account number",
		"namba ya akaunti naipata wapi", "namba yangu ya akaunti ni ipi",
	}},
	// "Here" is where the customer is, which only the customer knows.
	{words: keywords(`
		can i get it, can we get it, can i get your, reach here, reach us, reach me, reach my,
		mnafika, mnafikia, mnafika huku, mnafika kwetu, mnafikia huku, mna mtandao huku, net yenu ipo, net yenu iko,
		mtandao wenu upo, mtandao wenu uko, is your net in, is your internet in, have network in
	`), questions: []string{
		"do you cover my area", "where do you have network", "mnafika eneo langu",
		"mnapatikana wapi",
	}},
	// A net is slow, heavy, or crawls.
	{words: keywords(`
		nzito, mzito, slow, polepole, pole pole, taratibu, buffering, lagging, lags, inasuasua,
		crawling
	`), with: keywords("net, wifi, wi, internet, intaneti, mtandao, speed, spidi, youtube, zoom"),
		questions: []string{
			"why is the internet slow", "my speed is low", "kwa nini intaneti iko slow",
			"spidi ni ndogo",
		}},
	// Without power no router works, and no technician has to come.
	{words: keywords(`
		umeme umekatika, umeme umekata, umeme hakuna, umeme haupo, hakuna umeme, umeme umezima,
		tanesco,
		no power, no electricity, power is out, power cut, power went, power outage, blackout
	`), questions: []string{
		"does it work without electricity", "the power is out", "hakuna umeme",
		"umeme ukikatika intaneti inafanya kazi",
	}},
	// What to bring is asked in few words that are in any other question too.
	{words: keywords(`
		bring anything, bring something,
		carry anything, carry something, what to bring, what to carry, nibebe nini, nije na kitu,
		nije na chochote, nije na nini, nibebe chochote, nibebe kitu, nichukue nini
	`), questions: []string{
		"what do I need to bring", "what should I bring", "nije na nini", "nahitaji kuja na nini",
	}},
	// The insurer's name tells it, whatever stands around it: "50k is a lot. Does Jubilee cover
	// it".
	{words: keywords("insurance, insurer, bima, nhif, jubil*, strateg*, aar, britam, nssf, shif, " +
		"sanlam, madison, uap, apa insurance, metropolitan, resolution, heritage, icea, liberty, assemble, alliance, zhsf, ichf, chf, " +
		"old mutual, cigna, bupa, axa, allianz, first assurance"),
		with: keywords(`
			cover, covers, covered, accept, take, pay, pays, use, works, work, inalipa, italipa,
			inalipia,
			italipia, inafunika, inakubalika, inatumika, inafanya kazi, mnapokea, mnakubali,
			mnatumia, mnafanya nayo kazi, mnafanya nao kazi, kazi na, nalipa, nalipia, kulipa, kulipia, nilipe, tunalipa,
			nitumie, kutumia, mnashirikiana, inapokelewa, valid, welcome, partner
		`), questions: []string{
			"do you accept insurance", "can I use NHIF", "mnapokea bima", "naweza kutumia bima",
		}},
	// With a condition only: without one "can I cancel" means to cancel.
	{words: keywords("naweza kughairi, can i cancel, could i cancel, nikighairi, if i cancel, " +
		"nikicancel"), with: keywords(`
		ikitokea, if, nikipata, kama, in case, later, baadaye, dharura, nikishindwa, itakuwaje
	`), questions: []string{
		"can I cancel my appointment", "naweza kughairi miadi", "do I pay if I do not come",
	}},
	// Who asks for the queue comes without a booking, and was offered free times.
	{words: keywords("foleni, queue, busy now, is it busy, watu ni wengi, watu wengi, msongamano"),
		questions: []string{
			"how long is the queue", "foleni ni ndefu", "how long do I wait",
		}},
	// "Do I have to book" was not understood in the spelling of phones.
	{words: keywords(`
		have to book, hv to book, need to book, must i book, should i book, just pass by,
		just walk in, just come, without booking, without appointment,
		need an appointment, need appointment, need an appt, walk in, walk-in, need a booking, need booking, require an appointment,
		lazima appointment, lazima miadi, kubook kwanza, nibook kwanza, kuweka miadi kwanza, book first,
		bila kubook, bila miadi, bila booking, lazima nibook, lazima kubook, lazima niweke miadi
	`), with: keywords("do, can, should, is it, or, je, naweza, lazima, au, must"), questions: []string{
		"do I need an appointment", "can I just walk in", "lazima niweke miadi",
		"naweza kuja bila booking",
	}, about: keywords("need an appointment, need to book, have to book, walk, bila, lazima")},
	// Whether to eat before a test is asked after the test was named, and without its name.
	{words: keywords(`
		breakfast, no food, without food, kifungua kinywa, bila chai, empty stomach, eat before, eaten, without eating, not eat, can i eat, should i eat,
		fasting, do i fast, nile, nisile, asile, ale kwanza, bila kula,
		nikiwa sijala, tumbo tupu, nimeshakula, nimekula
	`), questions: []string{
		"should I eat before the blood test", "nile kabla ya kipimo", "do I have to fast",
	}},
	// Two packages in one message are from which and to which.
	{words: keywords(`
		upgrade, downgrade, kupandisha, kuongeza spidi, kuongeza speed, kubadili kifurushi,
		kubadilisha kifurushi, change my package, change package, switch to,
		move to, kubadili kutoka, kutoka 10, kutoka 20, kutoka 50, kuhamia, nihamie, hamia
	`), with: keywords("mbps, *mbps, package, kifurushi, speed, spidi, 10, 20, 50, 100"), questions: []string{
		"how do I change my package", "can I upgrade", "nataka kubadilisha kifurushi",
		"naweza kuongeza spidi",
	}},
	// Medicine without a visit is asked for as often as the visit.
	{words: keywords(`
		prescription, prescriptions, prescribe, niandikie dawa, niandikieni dawa, aniandikie dawa,
		kuandikiwa dawa, mniandikie dawa, mniandikie tu
	`), questions: []string{
		"can you prescribe medicine here", "do you have a pharmacy", "mna duka la dawa",
		"naweza kupata dawa",
	}},
	// Each medicine has a name, and none is in a list of services.
	{words: keywords(`
		amoxicillin, amoxilin, amoxyclav, augmentin, azithromycin, panadol, paracetamol,
		antibiotic*,
		ibuprofen, diclofenac, mseto, alu, flagyl, ciprofloxacin, cetirizine, dawa za, dawa ya
	`), with: keywords("do you, do u, have, sell, mna, mnauza, mko na, zipo, ipo, kuna, get, naweza"),
		questions: []string{"do you have a pharmacy", "can I buy medicine from you",
			"mnauza dawa"}},
	// The same barber as last time.
	{words: keywords(`
		aninyoe, anikate, aninyolee, sitaki mwingine, simtaki mwingine, only him, nobody else,
		no one else, same guy, same barber, my usual barber, kinyozi wangu, yule yule, kinyozi yule
	`), questions: []string{
		"can I choose my barber", "I want the same barber", "naweza kuchagua kinyozi",
		"nataka kinyozi yule yule",
	}},
	// A wedding is at home, and by agreement.
	{words: keywords(`
		aje home, aje nyumbani, waje home, waje nyumbani, mje nyumbani, mje home, home visit,
		home service,
		come to my place, come to our place, come to my house, come to our house, come to my home,
		come to us, kinyozi aje, nina harusi, ninaharusi, ya harusi, for my wedding, for a wedding,
		my wedding, our wedding, getting married
	`), questions: []string{
		"do you come to my home", "home service", "mnakuja nyumbani", "mna huduma ya nyumbani",
	}},
}

// minUsual is how alike an owner's question is at least that a usual wording is taken for. Most
// owners write nearly the usual words; at half of them "I pay after I see it" was "after how long".
const minUsual = .62

// askUsual finds the owner's answer to a usual question. Only a sure match counts: an answer to
// another question would be a promise that nobody made.
func (t *turn) askUsual(p *perception) {
	if t.asksBringing(p) {
		t.askBringing(p)
		return
	}
	if t.askInsurer(p) || t.askCancelRule(p) {
		return
	}
	// A complaint shares its words with the question that it is about: "you refused my insurance".
	if p.sure && p.alike >= surelyTheSame || p.isReceipt || p.cued(actComplaint) {
		return
	}
	// "Do you have the white shirt" asks for a piece that has the colour in its name.
	words := slices.DeleteFunc(slices.Clone(p.reading.Words), func(w string) bool {
		return hasWord(colourWords, w) && t.colourNames(w)
	})
	for _, u := range slices.Concat(usuals, usualsOfDesks) {
		if !anyIn(words, u.words) || u.with != nil && !anyIn(p.reading.Words, u.with) {
			continue
		}
		best := 0.
		for _, question := range u.questions {
			id, alike, sure, _ := t.bestAnswer(question)
			if sure && alike > max(best, minUsual) && t.isAbout(id, u.about) {
				best, p.answer, p.sure = alike, id, true
			}
		}
		if best > 0 {
			// As sure as if the owner's own words had been written.
			p.alike = 1
			return
		}
		if u.about != nil {
			p.answer, p.alike, p.sure, p.untold = "", 0, false, true
			return
		}
		// What resembles another question is none: "can I pay when it arrives" asks for no time.
		if u.act != "" {
			p.sure = false
			p.cues = append(p.cues, u.act)
			return
		}
	}
}

// isAbout reports whether one of the owner's questions for an answer has one of some words; nil
// asks for none.
func (t *turn) isAbout(id string, words []keyword) bool {
	a := t.k.answer[id]
	return words == nil || a != nil &&
		slices.ContainsFunc(a.Questions, func(q string) bool { return anyIn(split(q), words) })
}
