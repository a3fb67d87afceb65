package reply

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// What a text claims is found by its words. The lists are of both languages, for a model answers
// in either.
var (
	// claimWords promise, agree or state what must stand in the facts in these words.
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
	// rudeWords are of no business.
	rudeWords = keywords(`
		stupid*, idiot*, fool*, moron*, dumb*, shut up, damn, hell, crap, shit*, fuck*, bastard*,
		bitch*, ass, asshole*, loser*, liar*, ugly, hate, useless, nonsense, lazy, ignorant,
		mjinga, wajinga, ujinga, pumbavu, mpumbavu, wapumbavu, mshenzi, washenzi, fala, mafala,
		malaya, kuma*, senge, nyoko, takataka, mbwa, nguruwe, shenzi, mavi, punda, zuzu, mwongo,
		nyamaza, funga mdomo
	`)
	// deniers turn a sentence into its opposite.
	deniers = keywords(`
		no, not, never, none, cannot, cant, dont, doesnt, isnt, arent, wont, without, nor, neither,
		unable, hapana, si, sio, siyo, hatu*, haku*, hai*, hawa*, hazi*, haya*, hamna, bila, kamwe
	`)
	// courtesies may stand without a fact behind them, if a clause has nothing else.
	courtesies = keywords(`
		hi, hello, karibu, karibuni, welcome, thanks, thank, you, asante, habari, mambo, pole, sana,
		tena, again
	`)
	// dayWords are days, parts of a day and what measures them.
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
	// anything.
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
		`\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|co|org|net|io|tz|ke|me|ly|info|shop|app|gl|link|site|online|xyz|biz|ru|cn)\b(/\S*)?`)
	// numberPattern finds a number with the letters that it is written with: "2kg", "K48219".
	numberPattern = regexp.MustCompile(`\p{L}*\p{N}[\p{L}\p{N}.,:/+*#-]*`)
	thousandsMark = regexp.MustCompile(`^\d{1,3}([.,]\d{3})+$`)
	currencyMark  = regexp.MustCompile(`^(tsh|ksh|tzs|kes|sh|shs)\.?`)
)

// takeLinks cuts the links out of a text.
func takeLinks(text string) (rest string, links []string) {
	rest = linkPattern.ReplaceAllStringFunc(text, func(link string) string {
		links = append(links, strings.TrimRight(link, ".,;:!)"))
		return " "
	})
	return rest, links
}

// numbersIn lists the numbers of a text, in digits and in words, each as it is compared.
func numbersIn(text string) []string {
	var all []string
	for _, n := range numberPattern.FindAllString(strings.ToLower(text), -1) {
		n = currencyMark.ReplaceAllString(n, "")
		n = strings.TrimRight(n, ".,:/+*#-=")
		if thousandsMark.MatchString(n) {
			n = strings.NewReplacer(".", "", ",", "").Replace(n)
		}
		if short, ok := strings.CutSuffix(n, "k"); ok && short != "" && !strings.ContainsAny(short, ".,") {
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

// daysIn lists the words for days and times of day.
func daysIn(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !hasWord(dayWords, w) })
}

// minSubject is how long a word is at least that tells what a clause is about, subjectLetters how
// many of its letters count, so that the plural is the same word.
const (
	minSubject     = 4
	subjectLetters = 6
)

// subjectOf is what a word says of the subject of a clause, "" if nothing.
func subjectOf(word string) string {
	if utf8.RuneCountInString(word) < minSubject || hasWord(emptyWords, word) ||
		hasWord(dayWords, word) || hasWord(countWords, word) || hasWord(claimWords, word) {
		return ""
	}
	runes := []rune(word)
	return string(runes[:min(len(runes), subjectLetters)])
}

// emptyWords are in sentences about anything.
var emptyWords = keywords(`
	have, with, your, yours, this, that, these, those, there, here, what, when, where, which, from,
	they, them, their, also, just, only, please, about, more, some, than, then, very, much, many,
	cost*, price*, gharama, does, been, were, would, could, should, into, over, each, every, other, want, need, like, make,
	take, come, know, tell, help, good, business, customer*,
	kwa, yako, yenu, yetu, kama, hapa, hapo, pale, ambayo, ambao, pia, lakini, kuna, tuna, mna,
	wetu, wako, zetu, zako, hiyo, huyo, hizo, hii, hili, gani, nini, wapi, lini, bado, tafadhali,
	unaweza, naweza, tunaweza, mnaweza, kuwa, sana, zaidi, wateja, mteja
`)

// clauseEnd finds where a clause ends. A comma in a number has no space behind it.
var clauseEnd = regexp.MustCompile(
	`[.!;:]+(?:\s+|$)|\n+|,\s+|\s+[–—•-]\s+|(?i:\s+(?:and|but|or|na|lakini|au|ila|while|huku)\s+)`)

// clauses splits a text so finely that one number is said of one thing.
func clauses(text string) []string { return splitAt(text, clauseEnd) }

var factEnd = regexp.MustCompile(`[.!?;]+(?:\s+|$)|\n+`)

// clauseSentences splits what the owner has told.
func clauseSentences(text string) []string { return splitAt(text, factEnd) }

func splitAt(text string, end *regexp.Regexp) []string {
	return slices.DeleteFunc(end.Split(text, -1), func(s string) bool {
		return strings.TrimSpace(s) == ""
	})
}
