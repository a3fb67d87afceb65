package reply

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// morning is a Wednesday, in Dar es Salaam.
var morning = time.Date(2026, 3, 4, 7, 15, 0, 0, time.UTC)

func FuzzDecide(f *testing.F) {
	f.Add("book a haircut tomorrow at 10", "yes", uint8(0), uint8(0), int64(60))
	f.Add("nachukua mbili", "kilo 2 za sukari, nipelekee Sinza", uint8(3), uint8(1), int64(1))
	f.Add("\xff\xfe\u202e", "2️⃣", uint8(4), uint8(3), int64(-60))
	f.Add(strings.Repeat("naomba ", 9000), "my PIN is 1234", uint8(2), uint8(4), int64(1<<40))
	know := map[string]*Knowledge{}
	for _, name := range demo.Names {
		know[name] = Compile(demo.Profile(name), demo.Config(name))
	}
	media := []string{"", "voice", "image", "location", "sticker", "call", "x"}
	f.Fuzz(func(t *testing.T, first, second string, business, medium uint8, after int64) {
		k := know[demo.Names[int(business)%len(demo.Names)]]
		var s State
		at := morning
		for i, text := range []string{first, second, first} {
			m := Message{Text: text, Kind: flowhq.KindText, ID: int64(i + 1), At: at}
			if i == 1 {
				m.Media = media[int(medium)%len(media)]
				if m.Media != "" {
					m.Kind = flowhq.KindMedia
				}
			}
			turn := Decide(Input{Message: m, Knowledge: k, State: s, Reference: flowhq.Reference(m.ID)})
			again := Decide(Input{Message: m, Knowledge: k, State: s, Reference: flowhq.Reference(m.ID)})
			if !reflect.DeepEqual(turn, again) {
				t.Errorf("Decide(%q) differs from one call to the next", text)
			}
			if !utf8.ValidString(turn.Reply) || len(turn.Reply) > MaxBytes {
				t.Errorf("Decide(%q) says %q, %d bytes", text, turn.Reply, len(turn.Reply))
			}
			raw, err := json.Marshal(turn.State)
			if err != nil || len(raw) > maxStateBytes {
				t.Errorf("the state is %d bytes, %v: %s", len(raw), err, raw)
			}
			s = State{}
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			at = at.Add(time.Duration(after) * time.Second)
		}
	})
}

// maxStateBytes bounds a row that is read and written with each message.
const maxStateBytes = 12 << 10

// A state that another version wrote counts as none, whatever it holds.
func TestStateOfAnotherVersion(t *testing.T) {
	k := Compile(demo.Profile(demo.Barber), demo.Config(demo.Barber))
	m := Message{Text: "yes", Kind: flowhq.KindText, At: morning}
	old := State{Version: 1, Ask: Ask{For: askBook, At: morning},
		Booking: &Visit{Start: morning.Add(time.Hour)}}
	for _, f := range Decide(Input{Message: m, Knowledge: k, State: old}).Facts {
		if f.Booking != nil {
			t.Errorf("a yes to an old question made %+v", f.Booking)
		}
	}
}

// A question is open for AskedFor. What was written before it was asked does not answer it.
func TestQuestionsClose(t *testing.T) {
	a := Ask{For: askBook, At: morning, Prompted: morning}
	for after, want := range map[time.Duration]bool{
		0: true, AskedFor: true, AskedFor + time.Second: false, -AskedFor - time.Second: false,
	} {
		if got := a.open(morning.Add(after)); got != want {
			t.Errorf("%v after it was asked, a question is open: %v", after, got)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567",
		-1000: "-1,000"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q; want %q", n, got, want)
		}
	}
}

// Customers' words cannot imitate the bot: they stay on one line and lose invisible marks.
func TestOneLine(t *testing.T) {
	tests := map[string]string{
		"  a\n\n b\tc ":            "a b c",
		"evil\u202egnp.exe\u200f":  "evilgnp.exe",
		"bad\xff\xfeutf8":          "badutf8",
		strings.Repeat("ab ", 100): strings.Repeat("ab ", 33) + "…",
	}
	for in, want := range tests {
		if got := oneLine(in, 100); got != want {
			t.Errorf("oneLine(%q) = %q; want %q", in, got, want)
		}
	}
}

func TestBusinessNameIsTakenLiterally(t *testing.T) {
	k := Compile(flowhq.Profile{}, flowhq.Config{Language: flowhq.English,
		BusinessName: "{time} 100% {business}"})
	got := speakerOf(k, flowhq.English).first("greet.welcome")
	if want := "Welcome to {time} 100% {business}."; !strings.HasPrefix(got, want) {
		t.Errorf("welcome is %q; want it to begin with %q", got, want)
	}
}

// What the bot itself offers is told from what a program may answer with.
func TestOffered(t *testing.T) {
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		for _, offered := range []string{
			"menu", "Menyu", "1", "namba 2 tafadhali", "hello", "Hello there!", "habari za leo",
			"shikamoo", "mambo vipi", "sawa", "ok", "asante", "Asante sana", "thank you very much",
			speakerOf(&Knowledge{config: c}, c.Language).first("menu.person"),
		} {
			if !Offered(offered, c) {
				t.Errorf("%q is not offered", offered)
			}
		}
		for _, other := range []string{
			"", "Thank you for your message!", "Thank you for your message! We will reply as soon as we can.",
			"We are closed", "Asante kwa ujumbe wako", "Hello, this is an automatic answer",
			"26 February for two",
		} {
			if Offered(other, c) {
				t.Errorf("%q is offered", other)
			}
		}
	})
}

// Config values that a newer or broken row may hold are answered all the same.
func TestUnknownConfigHasDefaults(t *testing.T) {
	k := Compile(flowhq.Profile{}, flowhq.Config{Template: "SALON", Language: "FR", BusinessName: "X"})
	got := Decide(Input{Message: Message{Text: "hi", At: morning}, Knowledge: k})
	if k.template() != flowhq.BookingTemplate || got.Understood.Language != flowhq.Swahili ||
		got.Reply == "" {
		t.Errorf("a broken config is answered as %s, %+v", k.template(), got)
	}
}

func TestStateAsJSON(t *testing.T) {
	for _, s := range []State{
		{},
		{Version: stateVersion, At: morning, Ask: Ask{For: askBook, At: morning},
			Booking: &Visit{Start: morning}},
	} {
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

func BenchmarkDecide(b *testing.B) {
	k := Compile(demo.Profile(demo.Grocer), demo.Config(demo.Grocer))
	m := Message{
		Text: "habari, naomba kilo 2 za sukari na mayai trei moja, mniletee Sinza kesho asubuhi",
		Kind: flowhq.KindText, At: morning,
	}
	for b.Loop() {
		Decide(Input{Message: m, Knowledge: k, Reference: "A00001"})
	}
}
