package reply

import (
	"embed"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

// MaxBytes bounds every text that this package returns, in bytes. A longer text is not read on a
// phone.
const MaxBytes = 2048

//go:embed texts/*.txt
var textFiles embed.FS

// A catalog is what the bot can say in one language: for each key its variants, which say the
// same in other words. Several variants keep two replies in a row from being equal, by which people
// tell a machine.
type catalog map[string][]string

// catalogs are read at start: a text that is missing or misspelt stops the tests, and no reply. The
// program does not start without them, so that a faulty file cannot reach a tenant.
var catalogs = map[flowhq.Language]catalog{
	flowhq.English: mustReadCatalog("texts/en.txt"),
	flowhq.Swahili: mustReadCatalog("texts/sw.txt"),
}

// It is called once for each language, before main.
func mustReadCatalog(name string) catalog {
	text, err := textFiles.ReadFile(name)
	if err == nil {
		var c catalog
		if c, err = readCatalog(string(text)); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("reply: %s: %v", name, err)) // unreachable: the file is in the program
}

// readCatalog reads a file of texts: "[key]" begins a text, each line after it is one variant,
// "#" begins a comment. A key that is there twice would silently lose its first texts.
func readCatalog(file string) (catalog, error) {
	c, key := catalog{}, ""
	for i, line := range strings.Split(file, "\n") {
		line = strings.TrimSpace(line)
		switch name, isKey := strings.CutPrefix(line, "["); {
		case line == "" || strings.HasPrefix(line, "#"):
		case isKey && strings.HasSuffix(name, "]"):
			key = strings.TrimSuffix(name, "]")
			if _, twice := c[key]; twice {
				return nil, fmt.Errorf("line %d: [%s] is there twice", i+1, key)
			}
			c[key] = nil
		case key == "":
			return nil, fmt.Errorf("line %d: no [key] before it", i+1)
		default:
			c[key] = append(c[key], line)
		}
	}
	return c, nil
}

// Texts lists the texts that an owner may replace: by their key, the placeholders that each may
// have, sorted and without braces. It is what [flowhq.Profile.ValidateTexts] takes. Owners replace
// texts before any customer sees them, so that a placeholder that a text does not have is refused
// then, and not sent.
func Texts() map[string][]string {
	all := map[string][]string{}
	// Any text may name the business.
	for key, variants := range catalogs[flowhq.Swahili] {
		names := flowhq.Placeholders(strings.Join(variants, " "))
		names = append(names, "business")
		slices.Sort(names)
		all[key] = slices.Compact(names)
	}
	return all
}

// A speaker says texts on behalf of one business in one language.
type speaker struct {
	catalog
	language flowhq.Language
	// One text for each key and language. A missing one is the bot's.
	business string
	texts    map[string]flowhq.Text // the owner's
	nouns    map[string]bool        // words that the owner has written small
}

// speakerOf returns who speaks for a business. Swahili is the default, as in the original. An
// unknown language must not leave a customer without an answer.
func speakerOf(k *Knowledge, l flowhq.Language) speaker {
	if l != flowhq.English {
		l = flowhq.Swahili
	}
	// The name is an owner's free text: on one line it cannot look like a text of its own.
	name := oneLine(k.config.BusinessName, flowhq.MaxNameLength)
	return speaker{catalogs[l], l, name, k.profile.Texts, k.nouns}
}

// variants returns the ways to say a text. The owner's own words have only one. Two owners'
// variants cannot be told, so that their one text may be repeated.
func (s speaker) variants(key string) []string {
	if own, ok := s.texts[key]; ok {
		// Not own.In: the bot's text in the customer's language is better than the owner's in
		// the other one.
		switch {
		case s.language == flowhq.English && own.EN != "":
			return []string{own.EN}
		case s.language == flowhq.Swahili && own.SW != "":
			return []string{own.SW}
		}
	}
	return s.catalog[key]
}

// fill puts values in place of placeholders: pairs are names without braces and values. No value
// is searched for the mark of another, as a replacer reads its input once. A customer's words that
// hold "{business}" stay as they are for the same reason.
func (s speaker) fill(text string, pairs ...string) string {
	// The slice is as long as it gets: this runs for each variant of each text.
	with := make([]string, 0, len(pairs)+2)
	with = append(with, "{business}", s.business)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := "{"+pairs[i]+"}", pairs[i+1]
		if at := strings.Index(text, name); at >= 0 && hasCommonName(pairs[i]) &&
			s.language == flowhq.Swahili && inSentence(text[:at]) {
			value = s.lowerNoun(value)
		}
		with = append(with, name, value)
	}
	return strings.NewReplacer(with...).Replace(text)
}

// hasCommonName reports whether a placeholder stands for what the owner sells.
func hasCommonName(placeholder string) bool {
	return placeholder == "name" ||
		placeholder == "service"
}

// inSentence reports whether what follows a text goes on a sentence.
func inSentence(before string) bool {
	before = strings.TrimRight(before, " ")
	return before != "" && !strings.ContainsAny(before[len(before)-1:], ".!?:;\n(") &&
		!strings.HasSuffix(before, "×") && !strings.HasSuffix(before, "•")
}

// lowerNoun writes a name in the middle of a Swahili sentence: "bei ya kunyoa nywele". A brand
// keeps its capital: only verbs, and words that the owner has written small elsewhere, lose theirs.
func (s speaker) lowerNoun(name string) string {
	first, _, _ := strings.Cut(name, " ")
	small := strings.ToLower(strings.TrimRight(first, ","))
	if first == "" || strings.ToUpper(first) == first ||
		!strings.HasPrefix(first, "Ku") && !s.nouns[small] {
		return name
	}
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[n:]
}

// first says a text in its first variant. It is for labels and parts of sentences. A label must be
// the same each time, or an option could not be chosen by its words.
func (s speaker) first(key string, pairs ...string) string {
	variants := s.variants(key)
	if len(variants) == 0 {
		return ""
	}
	return s.fill(variants[0], pairs...)
}

// polite finds the words for "please" at the beginning of a sentence and in it. The comma goes with
// the word, or it would be left at the beginning.
var polite = regexp.MustCompile(`(?i)(please|tafadhali),? +| *,? (please|tafadhali)\b`)

// plainly returns the text without "please", which is said once a conversation. A "please" in each
// question of a booking would sound like begging.
func plainly(text string) string {
	if !polite.MatchString(text) {
		return text
	}
	text = polite.ReplaceAllString(text, "")
	return upperFirst(begins.ReplaceAllStringFunc(text, strings.ToUpper))
}

// begins finds the first letter of a sentence. Cutting off the first word leaves a sentence that
// begins in lower case.
var begins = regexp.MustCompile(`[.!?] \p{Ll}`)

// upperFirst begins a sentence: a name or a day that stands first may be in lower case. Letters
// without an upper case stay as they are.
func upperFirst(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	if u := unicode.ToUpper(r); n > 0 && u != r && r != utf8.RuneError {
		return string(u) + text[n:]
	}
	return text
}

// lowerFirst is a sentence that goes on behind other words.
func lowerFirst(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	if n == 0 || r == utf8.RuneError {
		return text
	}
	return string(unicode.ToLower(r)) + text[n:]
}

// sentences splits a reply at ends of sentences and lines. What is short, such as "Sawa.", may be
// said again. They are compared with those of the last reply, to choose another variant.
func sentences(text string) []string {
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		if listLine.MatchString(line) {
			continue // a list is the same each time
		}
		for len(line) > 0 {
			end := len(line)
			if i := sentenceEnd.FindStringIndex(line); i != nil {
				end = i[1]
			}
			if s := strings.TrimSpace(line[:end]); len(strings.Fields(s)) >= minRepeated {
				all = append(all, s)
			}
			line = line[end:]
		}
	}
	return all
}

// minRepeated is how many words a sentence has at least that must not be said twice in a row. Two
// words such as "Sawa, karibu" are no repetition that anybody minds.
const minRepeated = 3

// listLine is a bullet or a number of a menu.
var listLine = regexp.MustCompile(`^(•|\d\.) `)

// sentenceEnd takes the colon too: the lead of a list is repeated even if the list is another.
var sentenceEnd = regexp.MustCompile(`[.!?:]+( |$)`)

// hash is a short form of a sentence, to be kept in a [State]. Two sentences with one hash cost a
// variant at worst.
func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum32()
}

// oneLine returns text as one line of valid UTF-8 with at most limit characters,
// without control and direction marks, which could dress a quote up as the bot's
// own words. Names, notes and labels come from customers and owners, and are repeated in replies to
// others.
func oneLine(text string, limit int) string {
	var line []rune
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = len(line) > 0
			continue
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			continue
		case r == unicode.ReplacementChar: // also what invalid UTF-8 decodes to
			continue
			// Runs of space become one, and none is left at the end.
		}
		if space {
			line, space = append(line, ' '), false
		}
		// One more than the limit is seen before the cut, so that a text of just that length stays
		// whole.
		if line = append(line, r); len(line) > limit {
			return string(line[:limit-1]) + "…"
		}
	}
	return string(line)
}

// cut shortens a reply to MaxBytes at the end of a line or character. Cut in a character the text
// would be refused by WhatsApp.
func cut(text string) string {
	if len(text) <= MaxBytes {
		return text
	}
	end := MaxBytes - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	// At a line's end unless that would lose half of the text.
	if line := strings.LastIndexByte(text[:end], '\n'); line > end/2 {
		end = line + 1
	}
	return text[:end] + "…"
}
