package reply

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// What a text claims is found by its words. The lists are of both languages, for a model answers
// in either. They serve grounding.go: a text of a language model reaches a customer only if its
// claims stand in the facts. A word too many costs one good text; a word that is missing lets a
// false promise through. So the lists err on the side of too many.
var (
	// claimWords promise, agree or state what must stand in the facts in these words. "Delivery is
	// free" must not be said unless the owner says so, however likely it sounds.
	claimWords = keywords(`
		free, discount*, offer*, refund*, guarantee*, warranty, promis*, cancel*, book*, confirm*,
		reserv*, sent, ship*, dispatch*, will, shall, ll, well, ill, gonna, soon, immediately, now,
		open*, clos*, available, availability, stock, cheap*, always, yes, yeah, sure, certainly,
		agree*, accept*, paid, received, approved, deliver*, best,
		bure, punguz*, ofa, rudish*, rejesh*, hakikish*, dhaman*, ahid*, ghair*, kughair*,
		nimeku*, tumeku*, imethibit*, umethibit*, nimetum*, tumetum*, tuta*, nita*, wata*, uta*,
		ita*, itak*, haraka, sasa, wazi, fung*, tumefung*, tunafung*, fungu*, tunafungu*, ipo, zipo,
		yapo, upo, wapo, patikana, inapatikan*, zinapatikan*, yanapatikan*, rahisi, daima, ndio,
		ndiyo, naam, sawa, hakika, kabisa, kubali*, tumekubali, imelip*, tumepoke*, leta, letewa
	`)
	// rudeWords are of no business. A model that is provoked answers in kind. One such word refuses
	// the whole text.
	rudeWords = keywords(`
		stupid*, idiot*, fool*, moron*, dumb*, shut up, damn, hell, crap, shit*, fuck*, bastard*,
		bitch*, ass, asshole*, loser*, liar*, ugly, hate, useless, nonsense, lazy, ignorant,
		mjinga, wajinga, ujinga, pumbavu, mpumbavu, wapumbavu, mshenzi, washenzi, fala, mafala,
		malaya, kuma*, senge, nyoko, takataka, mbwa, nguruwe, shenzi, mavi, punda, zuzu, mwongo,
		nyamaza, funga mdomo
	`)
	// deniers turn a sentence into its opposite. "We do not open on Sunday" has the day and the
	// verb of the fact "we open on Sunday". Only the denial tells the two apart.
	deniers = keywords(`
		no, not, never, none, cannot, cant, dont, doesnt, isnt, arent, wont, without, nor, neither,
		unable, hapana, si, sio, siyo, hatu*, haku*, hai*, hawa*, hazi*, haya*, hamna, bila, kamwe
	`)
	// courtesies may stand without a fact behind them, if a clause has nothing else. "Karibu sana"
	// claims nothing. A longer clause of unknown words may claim something.
	courtesies = keywords(`
		hi, hello, karibu, karibuni, welcome, thanks, thank, you, asante, habari, mambo, pole, sana,
		tena, again
	`)
	// dayWords are days, parts of a day and what measures them. A day is a value like a number: the
	// fact must have the same one.
	dayWords = keywords(`
		monday*, tuesday*, wednesday*, thursday*, friday*, saturday*, sunday*, mon, tue, tues, wed,
		thu, thur, thurs, fri, sat, sun, today, tomorrow, tonight, yesterday, weekend*, weekday*,
		january, february, march, april, june, july, august, september, october, november, december,
		jan, feb, mar, apr, jun, jul, aug, sep, sept, oct, nov, dec, morning*, afternoon*, evening*,
		night*, noon, midnight, am, pm, hour*, minute*, daily, week*, month*, year*,
		jumatatu, jumanne, jumatano, alhamisi, ijumaa, jumamosi, jumapili, leo, kesho*, jana, juzi,
		mtondo, januari, februari, machi, aprili, mei, juni, julai, agosti, septemba, oktoba,
		novemba, desemba, asubuhi, mchana, jioni, usiku, alfajiri, saa, dakika, wiki*, mwezi, miezi,
		mwaka, siku, day*
	`)
	// countWords are numbers in words. "One" and "moja" are left out: they are also said of
	// anything. Without the words, "twenty thousand" would pass where "20,000" is refused.
	countWords = keywords(`
		two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, *teen, twent*, thirt*,
		fort*, fift*, sixt*, sevent*, eight*, ninet*, hundred*, thousand*, million*, half, quarter*,
		double, twice, triple, dozen*, couple, percent*, second, third, first, zero,
		mbili, wawili, viwili, mawili, pili, tatu, watatu, vitatu, matatu, nne, wanne, vinne, manne,
		tano, watano, vitano, matano, sita, saba, nane, wanane, tisa, kumi, ishirini, thelathini,
		arobaini, hamsini, sitini, sabini, themanini, tisini, mia, elfu, alfu, laki, milioni, nusu,
		robo, asilimia, sifuri, mara
	`)
)

// costWords and partWords together make a price that is on no list.
var (
	costWords = keywords("price*, cost*, fee*, charge*, bei, gharama, ada")
	partWords = keywords("half, quarter*, third, double, twice, triple, nusu, robo, mara, theluthi")
)

// denies reports whether a sentence says that something is not so.
func denies(words []string) bool { return anyIn(words, deniers) }

var (
	// linkPattern finds addresses on the web and of mail, and names that a phone opens as such.
	linkPattern = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+|\S+@\S+|` +
		`\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|co|org|net|io|tz|ke|me|ly|info|shop|app|gl|` +
		`link|site|online|xyz|biz|ru|cn)\b(/\S*)?`)
	// numberPattern finds a number with the letters that it is written with: "2kg", "K48219".
	numberPattern = regexp.MustCompile(`\p{L}*\p{N}[\p{L}\p{N}.,:/+*#-]*`)
	thousandsMark = regexp.MustCompile(`^\d{1,3}([.,]\d{3})+$`)
	currencyMark  = regexp.MustCompile(`^(tsh|ksh|tzs|kes|sh|shs)\.?`)
)

// takeLinks cuts the links out of a text. A link is compared as a whole: an address with one other
// letter may belong to a thief. Cut out, its digits are no numbers of the text.
func takeLinks(text string) (rest string, links []string) {
	rest = linkPattern.ReplaceAllStringFunc(text, func(link string) string {
		links = append(links, strings.TrimRight(link, ".,;:!)"))
		return " "
	})
	return rest, links
}

// numbersIn lists the numbers of a text, in digits and in words, each as it is compared. "TSh
// 10,000", "10.000" and "10k" are the same price, and are written in all these ways by owners and
// models. Hyphens go, for phone numbers are written with and without.
func numbersIn(text string) []string {
	var all []string
	for _, n := range numberPattern.FindAllString(strings.ToLower(text), -1) {
		n = currencyMark.ReplaceAllString(n, "")
		n = strings.TrimRight(n, ".,:/+*#-=")
		// Only groups of three digits: "4.5" is a decimal and stays one.
		if thousandsMark.MatchString(n) {
			n = strings.NewReplacer(".", "", ",", "").Replace(n)
		}
		if short, ok := strings.CutSuffix(n, "k"); ok && short != "" &&
			!strings.ContainsAny(short, ".,") {
			n = short + "000" // "10k"
		}
		all = append(all, strings.ReplaceAll(n, "-", ""))
	}
	for _, w := range split(text) {
		if hasWord(countWords, w) {
			all = append(all, w)
		}
	}
	return all
}

// daysIn lists the words for days and times of day. Each word counts by itself: "Saturday morning"
// needs both words in the fact.
func daysIn(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return !hasWord(dayWords, w)
	})
}

// minSubject is how long a word is at least that tells what a clause is about, subjectLetters how
// many of its letters count, so that the plural is the same word.
const (
	// Shorter words are of grammar in both languages. Six letters tell "haircut" from "hair"; fewer
	// would make one subject of different services.
	minSubject     = 4
	subjectLetters = 6
)

// subjectOf is what a word says of the subject of a clause, "" if nothing. Claims, days and counts
// are no subject: they are compared by rules of their own, and a clause about Saturday shares no
// subject with each fact that names the day.
func subjectOf(word string) string {
	if utf8.RuneCountInString(word) < minSubject || hasWord(emptyWords, word) ||
		hasWord(dayWords, word) || hasWord(countWords, word) || hasWord(claimWords, word) {
		return ""
	}
	runes := []rune(word)
	return string(runes[:min(len(runes), subjectLetters)])
}

// emptyWords are in sentences about anything. Such a word as a subject would tie a clause to any
// fact, and any number could then be found in some fact.
var emptyWords = keywords(`
	have, with, your, yours, this, that, these, those, there, here, what, when, where, which, from,
	they, them, their, also, just, only, please, about, more, some, than, then, very, much, many,
	cost*, price*, gharama, does, been, were, would, could, should, into, over,
	each, every, other, want, need, like, make, take, come, know, tell, help,
	good, business, customer*,
	kwa, yako, yenu, yetu, kama, hapa, hapo, pale, ambayo, ambao, pia, lakini, kuna, tuna, mna,
	wetu, wako, zetu, zako, hiyo, huyo, hizo, hii, hili, gani, nini, wapi, lini, bado, tafadhali,
	unaweza, naweza, tunaweza, mnaweza, kuwa, sana, zaidi, wateja, mteja
`)

// clauseEnd finds where a clause ends. A comma in a number has no space behind it.
var clauseEnd = regexp.MustCompile(
	`[.!;:]+(?:\s+|$)|\n+|,\s+|\s+[–—•-]\s+|` +
		`(?i:\s+(?:and|but|or|na|lakini|au|ila|while|huku)\s+)`)

// clauses splits a text so finely that one number is said of one thing. In "a cut is 10,000 and a
// shave 5,000" each price must be held against its own service.
func clauses(text string) []string { return splitAt(text, clauseEnd) }

// factEnd finds where a sentence of the owner's ends. Facts are split less finely than clauses:
// their parts belong together, and a clause may need several.
var factEnd = regexp.MustCompile(`[.!?;]+(?:\s+|$)|\n+`)

// clauseSentences splits what the owner has told.
func clauseSentences(text string) []string { return splitAt(text, factEnd) }

// splitAt drops empty parts: they have no claims, and no subject to look up.
func splitAt(text string, end *regexp.Regexp) []string {
	return slices.DeleteFunc(end.Split(text, -1), func(s string) bool {
		return strings.TrimSpace(s) == ""
	})
}
