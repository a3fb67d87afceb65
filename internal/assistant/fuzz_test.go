package assistant

import (
	"strings"
	"testing"
)

// FuzzParse: whatever a model writes is refused, or within the bounds of what is stored.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "{}",
		"```json\n{\"intent\":\"price\",\"services\":[\"cut\"]}\n```", `{"reply":"\u0000"}`, "}{",
		`{"intent":null,"when":5}`, `{"services":[` + strings.Repeat(`"x",`, 50) + `"x"]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, failure := parse(text)
		if failure != "" {
			return
		}
		for _, name := range append(s.Services, s.Products...) {
			if len(name) > maxName || !storable(name) {
				t.Errorf("the name %q is taken", name)
			}
		}
		if len(s.Services) > maxNames || len(s.Products) > maxNames || len(s.Reply) > maxReply ||
			len(s.When) > maxWhen || !storable(s.Reply+s.When) {
			t.Errorf("%q is taken as %+v", text, s)
		}
	})
}
