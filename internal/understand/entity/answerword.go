package entity

import "github.com/flowhq/flowhq/internal/understand/token"

// YesNo is an answer to a question that asks for yes or no.
// The zero value commits to nothing.
type YesNo int8

// The answers. Neither is the answer of every text that is more than a yes or no.
const (
	No      YesNo = -1
	Neither YesNo = 0
	Yes     YesNo = 1
)

// maxAnswerWords is how long a text may be that answers with a word.
// A longer text says more than yes, and the caller must read the rest.
const maxAnswerWords = 8

// The words are what people really type: "ndo", "swa", "k", "poa", "owk". Many
// open a longer message too ("sawa, bei gani"). The other words there make the answer Neither.
var yesWords = set("ndio ndiyo ndyo ndo ndioo ndivyo eeh ee ehe eee naam sawa " +
	"sawasawa swa swadakta poa haya yes yeah yea yep yup yess yh yap y ok okay okey okei " +
	"oki k kk sure fine correct confirm confirmed thibitisha nathibitisha nakubali kubali " +
	"hakika kabisa absolutely perfect great good vizuri safi fresh freshi right exactly " +
	"definitely endelea proceed aya ayaa hya sawaa owk okii sawia poah sahihi kweli agreed " +
	"deal nimekubali weka iweke niwekee wekeni nibookie niweke nibook vema vyema barabara powa inafaa itafaa hewala nimeridhia 👍 👌 ✅ ✔ 💯 🆗")

// "Bado" and "acha" refuse what was proposed: nothing may be booked on them.
var noWords = set("hapana hapna hapan la no nope nah noo n sitaki sihitaji siyo " +
	"sio si not never dont usifanye bado acha hamna amna hakuna sivyo apana 👎 ❌ ✖ 🚫")

// answerFillers say nothing by themselves.
// "Ndio dada asante" is still a yes. A word that is in no list makes the text say more than yes or
// no: "ndio lakini kesho" must not confirm today.
var answerFillers = set("asante asanteni thanks thank you thx please plz pls " +
	"tafadhali sana bro boss bosi dada kaka mkuu sis it is its thats that i am ni hiyo " +
	"hivyo basi tu this one my me we do go ahead book yet now want so the course of bila " +
	"shaka fanya mpendwa ndugu dear mama doctor dokta daktari dr madam sir man chief " +
	"kinyozi fundi mzee buda msee mdau sister brother kaka uncle anko hilo hili hayo iko " +
	"niko works for with a , . ! ? - … 🙏 😊 🙂 😀 😁 ❤ 🏻 🏼 🏽 🏾 🏿 ️ ) ( : ;")

// phrases of which the words say something else than the whole.
// "No problem" and "hakuna shida" agree, although they begin with a no.
var yesPhrases = [][2]string{
	{"no", "problem"}, {"hakuna", "shida"},
	{"hamna", "shida"}, {"shida", "hapana"}, {"shida", "hakuna"}, {"haina", "shida"}, {"no", "worries"},
	{"hakuna", "tatizo"}, {"hamna", "tatizo"},
	{"haina", "noma"}, {"hakuna", "noma"}, {"no", "issue"},
	{"bila", "shaka"}, {"of", "course"}, {"go", "ahead"}, {"do", "it"}, {"book", "it"},
}

// ReadYesNo reads a text that is a yes or no and hardly more: "ndio", "sawa", "👍", "hapana asante".
// A wrong yes books what nobody wanted. So any doubt gives Neither, and the bot asks again.
func ReadYesNo(text string) YesNo {
	// The check on bytes comes first, so that a long text is not even split.
	if len(text) > 200 {
		return Neither
	}
	// Twice the words leaves room for punctuation and emoji, which are tokens too.
	tokens := token.Split(text)
	if len(tokens) > 2*maxAnswerWords || asks(tokens) {
		return Neither
	}
	var yes, no int
	for i := 0; i < len(tokens); i++ {
		w := token.Squeeze(tokens[i].Text)
		switch {
		// Who is not sure says neither.
		case w == "not" && i+1 < len(tokens) && tokens[i+1].Text == "sure":
			return Neither
		case i+1 < len(tokens) && isYesPhrase(w, tokens[i+1].Text):
			yes++
			i++
		case noWords[w]:
			if yes > 0 {
				return Neither // "sawa, hapana"
			}
			no++
		case yesWords[w] || yesWords[tokens[i].Text]:
			yes++
		case !answerFillers[w]:
			return Neither
		}
	}
	switch {
	case no > 0: // "sio sawa" too
		return No
	case yes > 0:
		return Yes
	}
	return Neither
}

// BeginsAsQuestion reports whether a text begins as a question does, also without its mark: "is it
// good" booked what the customer only asked about. "Do it" is no question.
func BeginsAsQuestion(text string) bool {
	return len(text) <= 200 && asks(token.Split(text))
}

// asks is BeginsAsQuestion of what is split already.
func asks(tokens []token.Token) bool {
	if len(tokens) < 2 {
		return false
	}
	switch tokens[0].Text {
	case "is", "are", "am", "je", "does", "can", "will", "should", "would", "could":
		return true
	case "do":
		return tokens[1].Text != "it"
	}
	return false
}

// isYesPhrase looks at two neighbours only. All phrases have two words.
func isYesPhrase(a, b string) bool {
	for _, p := range yesPhrases {
		if p[0] == a && p[1] == b {
			return true
		}
	}
	return false
}

// "Naomba namba 2 tafadhali" is the choice 2. "2 kilo" is none, as "kilo" is no filler.
var choiceFillers = set("no namba nambari number option chaguo ya la the hiyo hapo " +
	"please tafadhali i want choose pick nataka nachagua naomba ni # . ) ( ! ? , - nipe " +
	"give me ile take nachukua go with for cha wa kwa cho lile hilo that basi 🙏 ️ ⃣ sawa ok " +
	"okay asante thanks")

// "Ya kwanza" and "the first one" choose as "1" does.
var ordinals = map[string]int{
	"kwanza": 1, "pili": 2, "first": 1, "second": 2,
	"third": 3, "fourth": 4, "fifth": 5, "sixth": 6,
	"seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
}

// The endings stand glued to a number: "2nd".
var ordinalEndings = set("st nd rd th")

// Choice returns the number that a text is, if it is nothing else: "2", "mbili", "no. 2",
// "ya pili", "the second one". It is what answers a menu.
// Two numbers are no choice: "2 au 3" must be asked about. The caller checks that the menu has the
// number.
func Choice(text string) (int, bool) {
	if len(text) > 100 {
		return 0, false
	}
	tokens := token.Split(text)
	choice, found := 0, false
	for i := 0; i < len(tokens); {
		w := tokens[i].Text
		if n, ok := ordinals[w]; ok && !found {
			choice, found = n, true
			i++
			continue
		}
		if v, n := token.Numeral(tokens, i); n > 0 {
			// The "one" of "the second one" is a pronoun.
			if found && w == "one" {
				i++
				continue
			}
			if found || v > 999 {
				return 0, false
			}
			choice, found = int(v), true
			i += n
			if i < len(tokens) && tokens[i].Glued && ordinalEndings[tokens[i].Text] {
				i++
			}
			continue
		}
		if !choiceFillers[w] {
			return 0, false
		}
		i++
	}
	return choice, found
}
