package pages

import (
	"embed"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

//go:embed texts/refusals-sw.txt
var refusalsFile embed.FS

// A refusal is what the API says of a wrong field or request, and the same in another language. The
// API speaks English alone, as a contract for programs, and has some hundred such sentences.
type refusal struct {
	english *regexp.Regexp
	// says has {1} where the first text goes that stands for a {} of the English sentence, and so
	// on.
	says string
}

// loadRefusals reads the sentences in Swahili.
func loadRefusals() ([]refusal, error) {
	const name = "texts/refusals-sw.txt"
	data, err := refusalsFile.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var all []refusal
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		english, says, ok := strings.Cut(line, " = ")
		if !ok {
			return nil, fmt.Errorf(
				"%s:%d: want an English sentence, \" = \" and a Swahili one", name, i+1)
		}
		// All but the {} is taken as it stands: sentences have dots and braces.
		pattern := strings.ReplaceAll(regexp.QuoteMeta(english), `\{\}`, "(.*)")
		all = append(all, refusal{regexp.MustCompile("^" + pattern + "$"), says})
	}
	return all, nil
}

// translated is a sentence of the API in Swahili, or "".
func translated(all []refusal, sentence string) string {
	for _, r := range all {
		found := r.english.FindStringSubmatch(sentence)
		if found == nil {
			continue
		}
		says := r.says
		for i, text := range found[1:] {
			says = strings.ReplaceAll(says, "{"+strconv.Itoa(i+1)+"}", text)
		}
		return says
	}
	return ""
}

// speakOfErrors decides on the language before the page is made that the errors are for: a form is
// sent to the API before anything is read of its tenant.
func (v *visit) speakOfErrors() {
	if !v.isApp() || v.spoke {
		return
	}
	var t flowhq.Tenant
	// A tenant that cannot be read has no page either, and its failure is told by that.
	if v.get(v.tenantPath(), &t) == nil {
		v.speak(t)
	}
}

// inWords is a sentence of the API as the reader of this page is told it. What has no words of its
// own in Swahili is said in general: half a page in another language helps an owner less than where
// to look.
func (v *visit) inWords(said string) string {
	if v.language != flowhq.Swahili {
		return sentence(said)
	}
	if words := translated(v.site.words.refusals, said); words != "" {
		return words
	}
	return v.say("refused.other")
}

// problemIn is what a business is told of a status, and what it can do.
func (v *visit) problemIn(status int) (what, next string) {
	key := "other"
	switch status {
	case http.StatusNotFound:
		key = "not-found"
	case http.StatusForbidden:
		key = "forbidden"
	case http.StatusTooManyRequests:
		key = "wait"
	case http.StatusServiceUnavailable:
		key = "away"
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict:
		key = "correct"
	}
	return v.say("problem." + key), v.say("problem." + key + "-next")
}
