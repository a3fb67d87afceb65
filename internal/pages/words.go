package pages

import (
	"embed"
	"fmt"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"

	"github.com/flowhq/flowhq"
)

//go:embed texts/en.txt texts/sw.txt
var textFiles embed.FS

// tags are the languages of pages. The file of a language's texts is named like its tag.
var tags = map[flowhq.Language]language.Tag{
	flowhq.English: language.English, flowhq.Swahili: language.Swahili,
}

// texts are what pages say, by language.
type texts struct {
	catalog catalog.Catalog
	// keys are those that each file has, since the catalogue falls back without a word.
	keys map[flowhq.Language]map[string]bool
	// refusals are what the API says in English, in Swahili.
	refusals []refusal
}

// loadTexts reads the files of texts.
func loadTexts() (*texts, error) {
	// A text that is missing in Swahili would be said in English. A test sees to it that none is.
	b := catalog.NewBuilder(catalog.Fallback(language.English))
	refusals, err := loadRefusals()
	if err != nil {
		return nil, err
	}
	t := &texts{b, map[flowhq.Language]map[string]bool{}, refusals}
	for lang, tag := range tags {
		t.keys[lang] = map[string]bool{}
		// The files are embedded, so a missing one is a fault of the build.
		data, err := textFiles.ReadFile("texts/" + tag.String() + ".txt")
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(string(data), "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			// A key that is there twice is a slip of who edits the file: one of the two would be
			// corrected, and the other one said.
			key, text, ok := strings.Cut(line, " = ")
			if !ok || t.keys[lang][key] {
				return nil, fmt.Errorf(
					"%s.txt:%d: want a key that is new, \" = \" and a text", tag, i+1)
			}
			// The catalogue cannot be asked which keys a language has.
			t.keys[lang][key] = true
			if err := b.SetString(tag, key, text); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// say returns the function by which templates find their words in a language. An unknown key is an
// error, which the test of all templates finds.
func (t *texts) say(lang flowhq.Language) func(key string, values ...any) (string, error) {
	// The printer writes numbers as the language does.
	p := message.NewPrinter(tags[lang], message.Catalog(t.catalog))
	return func(key string, values ...any) (string, error) {
		// The catalogue would answer with the text of another language, and nobody would notice.
		if !t.keys[lang][key] {
			return "", fmt.Errorf("there is no text %q in %s", key, lang)
		}
		return p.Sprintf(message.Key(key, key), values...), nil
	}
}

// label returns the function that names something of a family that may have new members, such as
// the fields of a profile. One without a name of its own is called what it is called in JSON.
func (t *texts) label(lang flowhq.Language) func(family, name string) (string, error) {
	say := t.say(lang)
	return func(family, name string) (string, error) {
		if !t.keys[lang][family+name] {
			// A name in JSON is clearer than a page that fails over a new field.
			return name, nil
		}
		return say(family + name)
	}
}
