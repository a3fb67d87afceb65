package entity

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// commonList is a file of its own so that who speaks the languages can mend it.
//
//go:embed common.txt
var commonList string

// common are the words that name nothing, and noTypos those that are not another's typo.
var common, noTypos = readCommon(commonList)

// Lines with "~" hold words that are near a name by chance: "shida" is no typo of "shada". The file
// is part of the program, so nothing in the file can fail.
func readCommon(list string) (common, noTypos map[string]bool) {
	common, noTypos = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := common
		rest, ok := strings.CutPrefix(line, "~")
		if ok {
			words = noTypos
		}
		for _, t := range token.Split(rest) {
			words[t.Text] = true
		}
	}
	return common, noTypos
}

// qualities are words of names that many things share. None names an entry by itself.
// "Nyeupe" alone must not order the white shirt where ten things are white. Together with "shati"
// the colour chooses among the shirts.
var qualities = set("white black red blue green yellow brown pink grey gray " +
	"orange purple gold silver big small large medium new old double single full half extra " +
	"super special jeupe nyeupe nyeusi jeusi nyekundu jekundu bluu kijani njano kubwa ndogo " +
	"mpya nzuri maalum cheupe cheusi vyeusi vyeupe mweusi mweupe weusi weupe school shule " +
	"kids children watoto men women wanaume wanawake ladies gents " +
	"long short refu ndefu fupi formal open")

// isCommon reports whether a word says nothing of what it is about.
// Numerals count as common: "mbili" in a name must not turn each "nataka mbili" into the name.
func isCommon(w string) bool { return common[w] || token.Spelled(w) }

// set makes a set of the words of a text.
func set(words string) map[string]bool {
	s := map[string]bool{}
	for _, w := range strings.Fields(words) {
		s[w] = true
	}
	return s
}

// keys are the forms under which two words are the same but for their grammar: singular and
// plural, verbs with and without their prefix. The first is the word itself.
// The prefix of a form ("5:", "v:", "7:", "3:", "g:") is its class, so that only forms of one class
// meet.
func keys(w string) []string {
	out := []string{w}
	add := func(class, stem string) {
		// Shorter stems meet by chance in too many words.
		if len(stem) >= 3 {
			out = append(out, class+stem)
		}
	}
	// The bare word stands for its class too, so that "shati" meets "mashati".
	add("5:", w)
	add("v:", w)
	n := len(w)
	cut := func(p string) (string, bool) { return strings.CutPrefix(w, p) }
	if s, ok := cut("ma"); ok && n >= 6 { // shati, mashati
		add("5:", s)
	}
	if s, ok := cut("ku"); ok && n >= 5 { // nyoa, kunyoa
		add("v:", s)
		add("v:", active(s))
	}
	if m := finiteVerb.FindStringSubmatch(w); m != nil { // nahama, nimehama, kuhama
		add("v:", m[1])
		add("v:", active(m[1]))
	}
	for _, p := range []string{"ki", "vi", "ch", "vy"} { // kiatu, viatu
		if s, ok := cut(p); ok && n >= 5 {
			add("7:", s)
		}
	}
	if s, ok := cut("mi"); ok && n >= 5 { // mfuko, mifuko
		add("3:", s)
	} else if s, ok := cut("m"); ok && n >= 5 && !strings.ContainsRune("aeiou", rune(s[0])) {
		add("3:", s)
	}
	return append(out, englishKeys(w)...)
}

// active is the stem of a Swahili verb of which s is the passive stem, "" if it is none. Who is
// served says what is done to them: "kung'olewa jino", "kusafishwa meno".
func active(s string) string {
	stem, ok := strings.CutSuffix(s, "wa")
	if !ok || len(stem) < 4 {
		return ""
	}
	for _, vowel := range []string{"o", "u", "e", "i"} {
		for _, link := range []string{"le", "li"} { // ng'oa, ng'olewa; chukua, chukuliwa
			if root, ok := strings.CutSuffix(stem, vowel+link); ok {
				return root + vowel + "a"
			}
		}
	}
	return stem + "a"
}

// finiteVerb is a Swahili verb with its subject and tense before the stem: "nahama", "tumehama". Only
// of those who speak or are asked, "mnang'oa?": "wamekunywa" tells what others did, and asks for no drinking water. Shorter
// stems are the ends of other words too.
var finiteVerb = regexp.MustCompile(`^(?:(?:ni|tu)(?:na|me|ta)|na|mna)([a-z]{4,})$`)

// englishKeys are the stems of an English plural or verb: "braids", "braiding", "shaved".
// Customers mix languages, so each word gets both grammars: "mashati" and "shirts" may stand in one
// message. A stem may be no word at all. Both sides are cut the same way, so the stem need only be
// equal.
func englishKeys(w string) (out []string) {
	stem := w
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return []string{"g:" + w[:len(w)-3] + "y"}
	// "Loaves" is the loaf, and not a typo of leaves.
	case strings.HasSuffix(w, "aves") && len(w) > 5:
		return []string{"g:" + w[:len(w)-3] + "f"}
	case strings.HasSuffix(w, "es") && len(w) > 4:
		out = append(out, "g:"+w[:len(w)-2])
		stem = w[:len(w)-1]
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && len(w) > 3:
		stem = w[:len(w)-1]
	}
	// "Braiding" is asked for where the list says "Braids".
	for _, end := range []string{"ing", "ed", "er"} {
		if s, ok := strings.CutSuffix(stem, end); ok && len(s) >= 3 {
			if s[len(s)-1] == s[len(s)-2] {
				s = s[:len(s)-1] // cutting
			}
			out = append(out, "g:"+s)
		}
	}
	if len(stem) > 2 {
		out = append(out, "g:"+stem, "g:"+strings.TrimSuffix(stem, "e"))
	}
	return out
}

// IsCommon reports whether a word, in lower case, is one of every day that says nothing of what it
// is about.
func IsCommon(w string) bool { return isCommon(w) }
