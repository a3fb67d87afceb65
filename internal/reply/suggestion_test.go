package reply

import (
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/understand"
)

// strange is a message that the bot does not understand, by itself.
const (
	strange   = "my cousin says the thing near the roundabout, umm that one?"
	mgeni     = "yule ndugu yangu alisema ile kitu ya pale mzungukoni, unajua ile"
	suggested = "There is free parking behind the building."
)

func assistantInput(t testing.TB, text string) Input {
	t.Helper()
	profile, config := demo.Profile(demo.Barber), demo.Config(demo.Barber)
	return Input{
		Knowledge: Compile(profile, config), Reference: "K48219",
		Message: Message{Text: text, At: time.Date(2026, 3, 4, 10, 15, 0, 0, profile.Zone())},
	}
}

func suggesting(t *testing.T, text string, s Suggestion) Turn {
	t.Helper()
	in := assistantInput(t, text)
	s.For = Fingerprint(text)
	in.Suggestion = &s
	return Decide(in)
}

func TestAssistantIsAskedOnlyWhatTheBotDoesNotUnderstand(t *testing.T) {
	for text, want := range map[string]bool{
		strange: true, mgeni: true,
		"how much is a haircut":              false,
		"hello":                              false,
		"thanks":                             false,
		"👍":                                  false,
		"2":                                  false,
		"my pin is 4821":                     false,
		strange + " my password":             false,
		"I want to talk to a person":         false,
		"this is the worst service, thieves": false,
		"yes":                                false,
	} {
		if got := AsksAssistant(assistantInput(t, text)); got != want {
			t.Errorf("AsksAssistant(%q) = %v", text, got)
		}
	}
}

func TestSuggestionIsFollowed(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		s    Suggestion
		want string
	}{
		"price": {strange, Suggestion{Intent: understand.Price, Services: []string{"shave"}},
			"TSh 7,000"},
		"hours": {strange, Suggestion{Intent: understand.Hours}, "20:00"},
		"place": {mgeni, Suggestion{Intent: understand.Location}, "Samora"},
		"book": {strange, Suggestion{Intent: understand.Book, Services: []string{"shave"}},
			"When would you like"},
		"person":   {strange, Suggestion{Intent: understand.Human}, "colleague"},
		"own text": {strange, Suggestion{Intent: understand.Other, Reply: suggested}, suggested},
		"Swahili": {mgeni, Suggestion{Intent: understand.Other,
			Reply: "Kuna parking ya bure nyuma ya jengo."}, "parking ya bure"},
		"own price": {strange, Suggestion{Intent: understand.Other,
			Reply: "The haircut is TSh 10,000, the fade 15,000."}, "10,000"},
		"link": {strange, Suggestion{Intent: understand.Other,
			Reply: "The address is Samora Avenue: https://maps.app.goo.gl/BlueDoorBarbersDar"}, "goo.gl"},
		"own number": {strange, Suggestion{Intent: understand.Other,
			Reply: "You can pay with M-Pesa 5521200."}, "5521200"},
	} {
		got := suggesting(t, tt.text, tt.s)
		if got.Understood.Assistant != "accepted" || !strings.Contains(got.Reply, tt.want) {
			t.Errorf("%s: %q, %q", name, got.Understood.Assistant, got.Reply)
		}
	}
}

func TestSuggestionIsRefused(t *testing.T) {
	reply := func(text string) Suggestion { return Suggestion{Intent: understand.Other, Reply: text} }
	for name, tt := range map[string]struct {
		s    Suggestion
		want refusalReason
	}{
		"wrong price":      {reply("The haircut is TSh 8,000."), refusedNumber},
		"another's price":  {reply("The haircut is TSh 7,000."), refusedNumber},
		"prices exchanged": {reply("The shave is 10,000, the haircut 7,000."), refusedNumber},
		"price of nothing": {reply("It costs 10,000."), refusedNumber},
		"price in k":       {reply("The haircut is 9k."), refusedNumber},
		"price in words":   {reply("The haircut is ten thousand."), refusedNumber},
		"half price":       {reply("The haircut is half the price."), refusedNumber},
		"percent":          {reply("The haircut is 10% cheaper."), refusedNumber},
		"Arabic digits":    {reply("The haircut is ٨٠٠٠."), refusedNumber},
		"till number":      {reply("You can pay with M-Pesa 5521201."), refusedNumber},
		"invented day":     {reply("There is parking on Sunday."), refusedDate},
		"invented month":   {reply("There is parking in December."), refusedDate},
		"tomorrow":         {reply("The haircut can be done tomorrow."), refusedDate},
		"time":             {reply("The haircut can be done at 15:00."), refusedNumber},
		"other link":       {reply("The address is https://maps.app.goo.gl/Thieves"), refusedLink},
		"bare link":        {reply("The address is on bluedoor.xyz"), refusedLink},
		"mail":             {reply("The address is a@b.example"), refusedLink},
		"other language":   {reply("Kuna parking ya bure nyuma ya jengo."), refusedLanguage},
		"French": {reply("Bonjour monsieur, le salon est derrière le bâtiment."),
			refusedUnfounded},
		"rude":             {reply("Stupid, there is free parking behind the building."), refusedRude},
		"promise":          {reply("We will keep parking for you behind the building."), refusedPromise},
		"refund":           {reply("The haircut is refunded."), refusedPromise},
		"free":             {reply("The haircut is free."), refusedPromise},
		"agrees":           {reply("Yes, that is fine."), refusedPromise},
		"booked":           {reply("Your haircut is booked."), refusedPromise},
		"opposite":         {reply("There is no parking behind the building."), refusedPromise},
		"opposite of a no": {reply("We come to homes for weddings."), refusedPromise},
		"made up":          {reply("The mayor is a friend of the barber's uncle."), refusedUnfounded},
		"asks":             {reply("There is parking. Do you want a haircut?"), refusedQuestion},
		"long":             {reply(strings.Repeat("There is parking. ", 40)), refusedForm},
		"control":          {reply("There is parking\u202e behind the building."), refusedForm},
		"template":         {reply("There is parking behind {business}."), refusedForm},
		"empty":            {reply(""), refusedEmpty},
		"only signs":       {reply("!!!"), refusedForm},
		"consent":          {Suggestion{Intent: understand.Affirm}, refusedIntent},
		"unknown intent":   {Suggestion{Intent: "drop table"}, refusedIntent},
		"no intent":        {Suggestion{}, refusedIntent},
		"unknown service": {Suggestion{Intent: understand.Book, Services: []string{"massage"}},
			refusedName},
		"unknown product": {Suggestion{Intent: understand.Order, Products: []string{"gold"}},
			refusedName},
		"invented time":     {Suggestion{Intent: understand.Book, When: "tomorrow at 3pm"}, refusedTime},
		"time that is none": {Suggestion{Intent: understand.Book, When: "cousin"}, refusedTime},
		"lie beside an intent": {Suggestion{Intent: understand.Hours,
			Reply: "The haircut is 8,000."}, refusedNumber},
	} {
		local := Decide(assistantInput(t, strange))
		got := suggesting(t, strange, tt.s)
		if got.Understood.Assistant != "refused: "+string(tt.want) {
			t.Errorf("%s: %q, want %q: %s", name, got.Understood.Assistant, tt.want, got.Reply)
		}
		if got.Reply != local.Reply {
			t.Errorf("%s: the reply is %q, and not the local %q", name, got.Reply, local.Reply)
		}
	}
}

func TestSuggestionThatFailedOrIsStale(t *testing.T) {
	local := Decide(assistantInput(t, strange))
	got := suggesting(t, strange, Suggestion{Failure: "timeout"})
	if got.Understood.Assistant != "failed: timeout" || got.Reply != local.Reply {
		t.Errorf("after a failure: %q, %q", got.Understood.Assistant, got.Reply)
	}
	in := assistantInput(t, strange)
	in.Suggestion = &Suggestion{For: Fingerprint("before"), Intent: understand.Human}
	if got := Decide(in); got.Reply != local.Reply {
		t.Errorf("a suggestion for another text was followed: %q", got.Reply)
	}
	// What the bot understands needs no suggestion.
	price := Decide(assistantInput(t, "how much is a haircut"))
	if got := suggesting(t, "how much is a haircut",
		Suggestion{Intent: understand.Human}); got.Reply != price.Reply {
		t.Errorf("a suggestion overruled the bot: %q", got.Reply)
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"call me on 0712 345 678 or +255 (0)712-345-678": "call me on [number] or [number]",
		"QGH7XK2L9P confirmed, acc 12345":                "[number] confirmed, acc [number]",
		"K48219 at 10:00, 2 of them, size 42":            "[number] at 10:00, 2 of them, size 42",
		"I am a@b.example":                               "I am [mail]",
		"my PIN is one two three four\nhello":            "[hidden]\nhello",
		"nywila yangu ni 1 2":                            "[hidden]",
		"nilituma 5,000 jana":                            "nilituma [number] jana",
		"id 4-8-2-1 and ٤٨٢١":                            "id [number] and [number]",
		"2kg za unga na 12 mayai":                        "2kg za unga na 12 mayai",
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

// BenchmarkSuggestion is the price of holding a text against the largest profile.
func BenchmarkSuggestion(b *testing.B) {
	in := assistantInput(b, strange)
	p := in.Knowledge.Profile()
	for range flowhq.MaxAnswers {
		p.Answers = append(p.Answers, flowhq.Answer{
			ID: "x", Questions: []string{"what is this about"},
			Answer: flowhq.Text{EN: strings.Repeat("words of the owner ", 50)},
		})
	}
	in.Knowledge = Compile(p, in.Knowledge.Config())
	in.Suggestion = &Suggestion{For: Fingerprint(strange), Intent: understand.Other, Reply: suggested}
	for b.Loop() {
		if got := Decide(in).Understood.Assistant; got != "accepted" {
			b.Fatal(got)
		}
	}
}

// FuzzSuggestion: whatever a model says, the reply is bounded, and it is either the local one or
// has no number that is nowhere in the facts.
func FuzzSuggestion(f *testing.F) {
	f.Add("other", "shave", "tomorrow", suggested)
	f.Add("book", "\xff", "", "The shave is 7,000.")
	f.Add("", "", "", "\u202e{}https://\x00")
	f.Fuzz(func(t *testing.T, intent, service, when, text string) {
		in := assistantInput(t, strange)
		local := Decide(in)
		in.Suggestion = &Suggestion{
			For: Fingerprint(strange), Intent: understand.Intent(intent), Services: []string{service},
			When: when, Reply: text,
		}
		got := Decide(in)
		if len(got.Reply) > MaxBytes || got.Understood.Assistant == "" {
			t.Errorf("%q, %q", got.Reply, got.Understood.Assistant)
		}
		if got.Understood.Assistant != "accepted" && got.Reply != local.Reply {
			t.Errorf("%q is not the local reply", got.Reply)
		}
	})
}
