package reply

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

var oldMorning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func text(s string) Message { return Message{Text: s, Kind: flowhq.KindText, At: oldMorning} }

// eachTenant runs f for every template in every language.
func eachTenant(t *testing.T, f func(*testing.T, flowhq.Config)) {
	for _, template := range flowhq.Templates {
		for _, language := range flowhq.Languages {
			t.Run(string(template)+"/"+string(language), func(t *testing.T) {
				f(t, flowhq.Config{Template: template, Language: language, BusinessName: "Duka la Amina"})
			})
		}
	}
}

// The original's keywords and what each leads to, each as customers inflect it
// and inside words that only look like it.
func TestIntents(t *testing.T) {
	tests := map[flowhq.Template]map[string]string{
		flowhq.BookingTemplate: {
			"book": "book", "BOOKING": "book", "any bookings left?": "book", "hi, can I book a cut?": "book", "miadi": "book",
			"Naomba kuweka miadi kesho": "book", "huduma": "book", "I need a service": "book", "nataka kubook": "book",
			"nimebook jana": "book", "naomba nafasi saa nne": "book", "Ku-book facial": "book",
			"bei gani?": "prices", "How much is a facial?": "prices", "gharama za huduma": "prices", "Inagharimu kiasi gani": "prices",
			"what services do you offer": "services", "Huduma zenu ni zipi?": "services",
			"mko wapi?": "contact", "naomba namba ya simu": "contact", "let me talk to a human": "contact",
			"cancel my booking": "change", "nataka kughairi miadi": "change", "naomba kubadilisha tarehe": "change",
			"find me on facebook": "menu", "my notebook": "menu", "macbook": "menu", "nimebeba begi": "menu", "priceless": "prices",
			"mambo?": "greeting", "Shikamoo": "greeting", "hellooo": "greeting", "asante sana": "thanks", "thnk u": "thanks",
			"sawa": "ok", "menu": "menu", "MENYU tafadhali": "menu", "👍": "menu", "": "menu", "qwerty": "menu",
		},
		flowhq.EcommerceTemplate: {
			"price": "prices", "Prices please": "prices", "bei": "prices", "Bei ya sukari?": "prices", "gharama": "prices", "nataka kuagiza, bei gani?": "prices",
			"order": "order", "I want to order rice": "order", "agiza": "order", "nimeagiza": "order", "niagizie mchele": "order",
			"naorder viatu": "order", "oda": "order", "nataka kununua viatu": "order",
			"border": "menu", "disorder": "menu", "where is my order?": "follow_up", "nataka kurudisha viatu": "follow_up",
			"do you deliver?": "delivery", "mnaleta hadi Mwenge": "delivery", "nalipaje kwa mpesa": "payment",
			"mnauza nini": "products", "do you have shoes": "products", "bidhaa": "products",
		},
		flowhq.SupportTemplate: {
			"shida": "problem", "nina tatizo": "problem", "matatizo": "problem", "problem": "problem", "I have an issue": "problem", "issues": "problem",
			"simu haifanyi kazi": "problem", "naomba msaada": "problem", "It doesn’t work": "problem", "I can't log in": "account", "tissue": "menu",
			"help me check the opening hours": "hours", "mnafungua saa ngapi": "hours", "I have a question": "question", "nina maswali": "question",
			"nimesahau neno la siri": "account", "my bill": "account", "nipigieni simu": "contact",
		},
	}
	for template, rows := range tests {
		for said, want := range rows {
			for _, language := range flowhq.Languages {
				_, _, got := Answer(text(said), flowhq.Config{Template: template, Language: language, BusinessName: "X"}, State{})
				if got != want {
					t.Errorf("%s %s: %q is understood as %s; want %s", template, language, said, got, want)
				}
			}
		}
	}
}

// Whatever a menu prints can be answered: by its number in all the ways people
// write numbers, and by the line itself.
func TestMenuNumbers(t *testing.T) {
	spelled := map[int][]string{1: {"one", "Moja"}, 2: {"two", "mbili"}, 3: {"three", "tatu"}, 4: {"four", "nne"}}
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		menu, _, intent := Answer(text("?"), c, State{})
		if intent != intentMenu {
			t.Fatalf("Answer(?) is %s; want the menu", intent)
		}
		wanted := templateOf(c.Template).menu
		for i, want := range wanted {
			n := fmt.Sprint(i + 1)
			ways := append([]string{n, " " + n + ".", n + ")", "(" + n + ")", n + "️⃣", "No. " + n, "namba " + n + " tafadhali", "*" + n + "*", "#" + n,
				string('０' + rune(i+1)), menuLine(t, menu, n+".")}, spelled[i+1]...)
			for _, way := range ways {
				got, next, intent := Answer(text(way), c, State{})
				if intent != want || next.Asked != want {
					t.Errorf("%q picks %s, asks for %q; want %s", way, intent, next.Asked, want)
				}
				if strings.Contains(got, "1. ") {
					t.Errorf("%q answers with a menu: %s", way, got)
				}
			}
		}
		for _, way := range []string{"0", "5", "99", "menu", "12 3"} {
			if got, _, intent := Answer(text(way), c, State{}); intent != intentMenu || got != menu {
				t.Errorf("%q is understood as %s; want the menu", way, intent)
			}
		}
	})
}

func menuLine(t *testing.T, menu, number string) string {
	t.Helper()
	for line := range strings.SplitSeq(menu, "\n") {
		if strings.HasPrefix(line, number) {
			return line
		}
	}
	t.Fatalf("the menu has no line %s\n%s", number, menu)
	return ""
}

// Each topic is asked about, repeated on a thin answer, noted once, and dropped
// after AskedFor.
func TestDetails(t *testing.T) {
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		for _, topic := range templateOf(c.Template).topics {
			asked := State{Asked: topic.intent, At: oldMorning}
			details := "Zawadi Mushi, " + strings.Repeat("é", 200)

			got, next, intent := Answer(text(details), c, asked)
			want := State{Asked: topic.intent, Noted: true, At: oldMorning}
			if diff := cmp.Diff(want, next); diff != "" || intent != topic.intent+"_details" {
				t.Errorf("%s: details are understood as %s, state (-want +got):\n%s", topic.intent, intent, diff)
			}
			if n := strings.Count(got, "é"); n > maxQuote || strings.Contains(phrasesOf(c).topics[topic.intent].noted, "{details}") && n < maxQuote/2 {
				t.Errorf("%s: %d characters of the details are repeated", topic.intent, n)
			}
			for _, thin := range []string{"ok", "26", "👍", "ndiyo"} {
				if _, _, intent := Answer(text(thin), c, asked); intent != topic.intent {
					t.Errorf("%s: %q is understood as %s; want the question again", topic.intent, thin, intent)
				}
			}
			late := Message{Text: "Zawadi Mushi", Kind: flowhq.KindText, At: oldMorning.Add(AskedFor + time.Second)}
			if _, next, intent := Answer(late, c, asked); intent != intentMenu || !reflect.DeepEqual(next, State{}) {
				t.Errorf("%s: details after %v are understood as %s", topic.intent, AskedFor, intent)
			}
		}
	})
}

// What the bot itself offers is told from what a program may answer with.
func TestOffered(t *testing.T) {
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		for _, offered := range []string{
			"menu", "Menyu", "1", "0", "namba 2 tafadhali", "hello", "Hello there!", "habari za leo", "shikamoo", "mambo vipi", "sawa", "ok",
			"asante", "Asante sana", "thank you very much", phrasesOf(c).topics[templateOf(c.Template).menu[0]].menu,
		} {
			if !Offered(offered, c) {
				t.Errorf("%q is not offered", offered)
			}
		}
		for _, other := range []string{
			"", "👍", "Thank you for your message!", "Thank you for your message! We will reply as soon as we can.",
			"We are closed", "Asante kwa ujumbe wako", "Hello, this is an automatic answer", "26 February for two",
		} {
			if Offered(other, c) {
				t.Errorf("%q is offered", other)
			}
		}
	})
}

// Every text exists in every language, mentions only what can be filled in, and
// every topic has what its place demands.
func TestTextsAreComplete(t *testing.T) {
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		say, template := phrasesOf(c), templateOf(c.Template)
		all := map[string]string{
			"hello": say.hello, "welcome": say.welcome, "sorry": say.sorry, "choose": say.choose, "wordsOnly": say.wordsOnly,
			"thanks": say.thanks, "ok": say.ok, "slowDown": SlowDown(c), "pleaseWait": PleaseWait(c), "busy": Busy(c), "muted": Muted(c),
		}
		for _, topic := range template.topics {
			p := say.topics[topic.intent]
			all[topic.intent+" answer"], all[topic.intent+" noted"] = p.answer, p.noted
			if inMenu := slices.Contains(template.menu, topic.intent); inMenu != (p.menu != "") {
				t.Errorf("%s: menu line is %q, but in the menu: %t", topic.intent, p.menu, inMenu)
			}
		}
		for _, intent := range template.menu {
			if template.topic(intent) == nil {
				t.Errorf("the menu has %s, which is no topic", intent)
			}
		}
		for name, s := range all {
			left := strings.NewReplacer("{business}", "", "{details}", "").Replace(s)
			if strings.TrimSpace(s) == "" || strings.ContainsAny(left, "{}%") {
				t.Errorf("%s is %q", name, s)
			}
		}
	})
}

// The two languages say the same things: what one has a text for, the other has.
func TestLanguagesHaveTheSameTopics(t *testing.T) {
	shape := func(topics map[string]phrase) map[string][3]bool {
		s := map[string][3]bool{}
		for intent, p := range topics {
			s[intent] = [3]bool{p.menu != "", strings.Contains(p.answer, "{business}"), strings.Contains(p.noted, "{details}")}
		}
		return s
	}
	for _, template := range flowhq.Templates {
		if diff := cmp.Diff(shape(english.topics(template)), shape(swahili.topics(template))); diff != "" {
			t.Errorf("%s (-english +swahili):\n%s", template, diff)
		}
	}
}

func TestOldBusinessNameIsTakenLiterally(t *testing.T) {
	c := flowhq.Config{Template: flowhq.BookingTemplate, Language: flowhq.English, BusinessName: "{details} 100% {business}"}
	got, _, _ := Answer(text("book"), c, State{})
	if want := "Welcome to {details} 100% {business}!"; !strings.HasPrefix(got, want) {
		t.Errorf("Answer(book) = %q; want it to begin with %q", got, want)
	}
}

// Details cannot imitate the bot: they stay on one line and lose invisible marks.
func TestQuoteIsOneLine(t *testing.T) {
	tests := map[string]string{
		"  a\n\n b\tc ":            "a b c",
		"evil\u202egnp.exe\u200f":  "evilgnp.exe",
		"bad\xff\xfeutf8":          "badutf8",
		strings.Repeat("ab ", 100): strings.Repeat("ab ", 33) + "…",
	}
	for in, want := range tests {
		if got := oneLine(in, maxQuote); got != want {
			t.Errorf("oneLine(%q) = %q; want %q", in, got, want)
		}
	}
}

// Config values that a newer or broken row may hold are answered all the same.
func TestUnknownConfigHasDefaults(t *testing.T) {
	got, _, _ := Answer(text("book"), flowhq.Config{Template: "SALON", Language: "FR", BusinessName: "X"}, State{Asked: "tables", At: oldMorning})
	if want := swahili.booking[intentBook].answer; got != strings.ReplaceAll(want, "{business}", "X") {
		t.Errorf("Answer(book) = %q; want the Swahili answer of BOOKING", got)
	}
}

func TestStateAsJSON(t *testing.T) {
	for _, s := range []State{{}, {Asked: intentBook, Noted: true, At: oldMorning}} {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back State
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%s reads back as %+v, %v; want %+v", b, back, err, s)
		}
	}
	if b, _ := json.Marshal(State{}); string(b) != "{}" {
		t.Errorf("the zero State is %s; want {}", b)
	}
}

// A keyword is written in the notation, is lower case, and is not already covered
// by another of its list.
func TestKeywordNotation(t *testing.T) {
	lists := map[string][]keyword{"oldGreetings": oldGreetings, "thanks": thanks, "consents": consents, "small": smallWords, "menu": menuWords, "beside": besideNumbers}
	for name, template := range templates {
		for i, topic := range template.topics {
			lists[fmt.Sprintf("%s %s %d", name, topic.intent, i)] = topic.keywords
		}
	}
	for list, all := range lists {
		for i, k := range all {
			var example []string
			for _, p := range k {
				if words := split(p.text); len(words) != 1 || words[0] != p.text {
					t.Errorf("%s: %q is not one lower-case word", list, p.text)
				}
				example = append(example, map[form]string{exact: p.text, prefix: p.text + "zz", anywhere: "zz" + p.text + "zz", verb: "nime" + p.text}[p.form])
			}
			others := slices.Concat(all[:i], all[i+1:])
			if anyIn(example, others) {
				t.Errorf("%s: %q is covered by another keyword", list, strings.Join(example, " "))
			}
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("book", "Blue Door", "", uint8(0), uint8(0), int64(0))
	f.Add("2️⃣", "Duka %s {details}", "order", uint8(1), uint8(1), int64(60))
	f.Add("\xff\xfe\u202e", "X", "problem", uint8(2), uint8(3), int64(-60))
	f.Add(strings.Repeat("naomba ", 9000), "X", "book", uint8(0), uint8(1), int64(1<<40))
	f.Fuzz(func(t *testing.T, said, business, asked string, template, flags uint8, after int64) {
		c := flowhq.Config{
			Template:     flowhq.Templates[int(template)%len(flowhq.Templates)],
			Language:     flowhq.Languages[int(flags&1)],
			BusinessName: business,
		}
		if (flowhq.TenantChange{BusinessName: &business}).Validate() != nil {
			return // no tenant has such a name
		}
		m := Message{Text: said, Kind: flowhq.KindText, At: oldMorning.Add(time.Duration(after))}
		if flags&2 != 0 {
			m.Kind = flowhq.KindMedia
		}
		got, next, intent := Answer(m, c, State{Asked: asked, Noted: flags&4 != 0, At: oldMorning})
		again, nextAgain, intentAgain := Answer(m, c, State{Asked: asked, Noted: flags&4 != 0, At: oldMorning})
		switch {
		case strings.TrimSpace(got) == "" || !utf8.ValidString(got) || len(got) > MaxBytes:
			t.Errorf("Answer(%q) = %q, %d bytes", said, got, len(got))
		case intent == "" || next.Asked != "" && templateOf(c.Template).topic(next.Asked) == nil:
			t.Errorf("Answer(%q) is intent %q, state %+v", said, intent, next)
		case got != again || !reflect.DeepEqual(next, nextAgain) || intent != intentAgain:
			t.Errorf("Answer(%q) differs from one call to the next", said)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	c := flowhq.Config{Template: flowhq.EcommerceTemplate, Language: flowhq.Swahili, BusinessName: "Duka la Amina"}
	m := text("habari, naomba kujua kama mna viatu vya watoto namba thelathini na kama mnaweza kunitumia Arusha wiki ijayo")
	for b.Loop() {
		Answer(m, c, State{})
	}
}
