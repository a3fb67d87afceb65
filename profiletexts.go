package flowhq

import (
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// placeholder is what a text of the bot has in place of a name, a price, a time.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// texts checks the owner's own words, as far as that needs no knowledge of the bot's.
func (c *profileCheck) texts(all map[string]Text) {
	c.length("texts", len(all), MaxTexts)
	for _, key := range slices.Sorted(keysOf(all)) {
		at := "texts." + key
		if !textKey.MatchString(key) {
			c.wrong(at, "must be the key of a text of the bot")
			continue
		}
		c.text(at, all[key], MaxProfileText)
		c.braces(at+".en", all[key].EN)
		c.braces(at+".sw", all[key].SW)
	}
}

// braces checks that each brace of a text is one of a placeholder's.
func (c *profileCheck) braces(path, text string) {
	if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
		c.wrong(path, "must have braces only around the name of a placeholder, such as {business}")
	}
}

// Placeholders returns the names that a text has in braces, each once, in order.
func Placeholders(text string) (names []string) {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// ValidateTexts returns an Invalid error unless each of Texts is one of known, the texts of the
// bot by their keys with the placeholders that each may have. A placeholder that nothing is filled
// in for would be shown to customers.
func (p Profile) ValidateTexts(known map[string][]string) error {
	var c profileCheck
	for _, key := range slices.Sorted(keysOf(p.Texts)) {
		may, ok := known[key]
		if !ok {
			c.wrong("texts."+key, "is no text of the bot"+alike(key, known))
			continue
		}
		c.placeholders("texts."+key+".en", p.Texts[key].EN, may)
		c.placeholders("texts."+key+".sw", p.Texts[key].SW, may)
	}
	return c.err()
}

// alike names the texts that a misspelt key may have meant: those of the same group.
func alike(key string, known map[string][]string) string {
	const most = 20
	group, _, _ := strings.Cut(key, ".")
	var same []string
	for _, k := range slices.Sorted(keysOf(known)) {
		if g, _, _ := strings.Cut(k, "."); g == group && len(same) < most {
			same = append(same, k)
		}
	}
	if same == nil {
		return ""
	}
	return "; those of its group are " + strings.Join(same, ", ")
}

// placeholders checks that a text has only these placeholders.
func (c *profileCheck) placeholders(path, text string, may []string) {
	for _, name := range Placeholders(text) {
		if slices.Contains(may, name) {
			continue
		}
		if len(may) == 0 {
			c.wrong(path, "must have no placeholder, and has {"+name+"}")
		} else {
			c.wrong(path, "must have no placeholders but {"+strings.Join(may, "}, {")+
				"}, and has {"+name+"}")
		}
		return
	}
}

// keysOf returns the keys of a map.
func keysOf[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// gaps collects what an owner could still tell.
type gaps []FieldError

// need notes a gap unless the field is given.
func (g *gaps) need(given bool, path, message string) {
	if !given {
		*g = append(*g, FieldError{path, message})
	}
}

// text notes which language of a text is missing. A text that neither has is no gap: it is left
// out on purpose.
func (g *gaps) text(path string, t Text) {
	switch {
	case t.EN == "" && t.SW != "":
		*g = append(*g, FieldError{path + ".en",
			"is missing: those who write English get the Swahili text"})
	case t.SW == "" && t.EN != "":
		*g = append(*g, FieldError{path + ".sw",
			"is missing: those who write Swahili get the English text"})
	}
}
