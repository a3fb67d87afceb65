package reply

import (
	"slices"
	"strings"
	"testing"
)

// A keyword is written in the notation, is lower case, and is not already covered
// by another of its list.
func TestKeywordNotation(t *testing.T) {
	lists := map[string][]keyword{
		"bargain": bargainWords, "secret": secretWords, "stock": stockWords, "yes": yesWords,
		"but": butWords, "now": nowWords, "week": weekWords, "courtesy": courtesyWords,
		"problem": problemWords, "not places": notPlaces,
	}
	for _, c := range cues {
		lists["cue "+string(c.act)] = c.words
	}
	for _, g := range greetings {
		lists[g.key] = g.words
	}
	for list, all := range lists {
		for i, k := range all {
			var example []string
			for _, p := range k {
				if words := split(p.text); len(words) != 1 || words[0] != p.text {
					t.Errorf("%s: %q is not one lower-case word", list, p.text)
				}
				example = append(example, map[form]string{
					exact: p.text, prefix: p.text + "zz", anywhere: "zz" + p.text + "zz",
					verb: "nime" + p.text,
				}[p.form])
			}
			if slices.ContainsFunc(all[:i], func(o keyword) bool { return slices.Equal(o, k) }) {
				t.Errorf("%s: %q is there twice", list, strings.Join(example, " "))
			}
		}
	}
}

// Every cue has an act that something is done about.
func TestCuesHaveActs(t *testing.T) {
	known := slices.Concat(infoActs, taskActs, besideActs, []act{
		actPerson, actAnger, actComplaint, actDecision, actPaid, actDrop, actMenu, actStop,
	})
	for _, c := range cues {
		if !slices.Contains(known, c.act) {
			t.Errorf("cues.txt has [%s], which nothing is done about", c.act)
		}
	}
}
