package reply

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// An openQuestion is a question of the bot, a conversation that leads to it, and what answers it in
// English, Swahili and as people type.
type openQuestion struct {
	asks, business string
	said           []string
	answers        []string
}

// openQuestions has every question that the bot asks, at least once.
var openQuestions = []openQuestion{
	{askOption, demo.Barber, []string{"xqzt wvvk"}, []string{"1", "ya kwanza", "no 1"}},
	{askService, demo.Barber, []string{"I want to book"}, []string{"haircut", "kunyoa", "fade"}},
	{askWhen, demo.Barber, []string{"book a haircut"},
		[]string{"tomorrow at 11am", "kesho saa tano asubuhi", "kesho saa 5 asbh"}},
	{askBook, demo.Barber, []string{"book a haircut tomorrow at 11am"},
		[]string{"yes, book it", "ndio weka", "eeh thibitisha"}},
	{askMean, demo.Barber, []string{"book a haircut at 9am"},
		[]string{"yes at 9am", "ndio, saa tatu asubuhi", "eeh hiyo hiyo"}},
	{askCancel, demo.Barber, []string{"book a haircut tomorrow at 11am", "yes", "cancel my booking"},
		[]string{"yes cancel it", "ndio ghairi", "eeh futa tu"}},
	{askMove, demo.Barber, []string{"book a haircut tomorrow at 11am", "yes",
		"move my booking to 3pm"}, []string{"yes move it", "ndio hamisha", "eeh badilisha"}},
	{askMoveTo, demo.Barber, []string{"book a haircut tomorrow at 11am", "yes", "change my booking"},
		[]string{"tomorrow at 3pm", "kesho saa tisa", "kesho saa 9 mchana"}},
	{askChildren, demo.Barber, []string{"book a haircut for me and my kids saturday at 11am"},
		[]string{"two", "wawili", "2"}},
	{askBring, demo.Barber, []string{"book a haircut tomorrow at 11am", "can I bring my son too?"},
		[]string{"yes him too", "ndio na yeye", "eeh mwongeze"}},
	{askProduct, demo.Grocer, []string{"I want to order"},
		[]string{"2 kg of sugar", "sukari kilo 2", "nipe sukari kg 2"}},
	{askSize, demo.Clothes, []string{"I want one office dress"}, []string{"M", "size M", "ya M"}},
	{askQuantity, demo.Grocer, []string{"how much is sugar"}, []string{"two", "mbili", "2 kg"}},
	{askHow, demo.Grocer, []string{"I want 2 kg of sugar"},
		[]string{"delivery to Sinza", "nileteeni Sinza", "nakuja kuchukua"}},
	{askArea, demo.Grocer, []string{"I want 2 kg of sugar", "deliver it"},
		[]string{"Sinza", "niko Sinza", "sinza mori"}},
	{askAddress, demo.Grocer, []string{"I want 2 kg of sugar", "deliver to Sinza", "yes"},
		[]string{"near Sinza Mori, house 12", "karibu na msikiti, nyumba ya bluu",
			"opp mlimani city gorofa ya 3"}},
	{askOrder, demo.Grocer, []string{"I want 2 kg of sugar", "I will pick it up"},
		[]string{"yes place it", "ndio weka oda", "eeh thibitisha"}},
	{askUndo, demo.Grocer, []string{"I want 2 kg of sugar", "I will pick it up", "yes",
		"cancel my order"}, []string{"yes cancel it", "ndio ghairi", "eeh futa tu"}},
	{askDelivery, demo.Grocer, []string{"how much is delivery?"},
		[]string{"Sinza", "mpaka Sinza", "sinza mori"}},
	{askProblem, demo.Internet, []string{"I have a problem"},
		[]string{"the router light is red since morning", "taa ya router ni nyekundu tangu asubuhi",
			"net haishiki tangu jana"}},
	{askHelped, demo.Internet, []string{"my internet is very slow since yesterday"},
		[]string{"yes it works now", "ndio imekaa sawa", "bado iko slow"}},
	{askPerson, demo.Internet, []string{"hello", "and are you coming to Korogwe this year?"},
		[]string{"yes call someone", "ndio niitie mtu", "eeh naomba"}},
}

// moreOpenQuestions are the same questions in other forms and of other businesses: with a list, in
// Swahili, and behind more of an order.
var moreOpenQuestions = []openQuestion{
	{askWhen, demo.Barber, []string{"book a haircut tomorrow"}, []string{"1", "11:30", "saa tano na nusu"}},
	{askWhen, demo.Clinic, []string{"nataka kusafishwa meno"},
		[]string{"kesho saa nne asubuhi", "kesho saa 4 asbh", "tomorrow 10am"}},
	{askBook, demo.Clinic, []string{"naomba kumuona daktari kesho saa nne asubuhi"},
		[]string{"ndio weka", "ndio nipangie", "yes please book"}},
	{askService, demo.Clinic, []string{"nataka kubook kesho saa nne asubuhi"},
		[]string{"kusafisha meno", "kipimo cha damu", "blood test"}},
	{askProduct, demo.Clothes, []string{"I want a dress"}, []string{"1", "the office one", "kitenge"}},
	{askHow, demo.Clothes, []string{"nataka mkoba mmoja"},
		[]string{"nileteeni Westlands", "deliver to Westlands", "nakuja kuchukua"}},
	{askOrder, demo.Grocer, []string{"naomba mchele kilo 5 na sukari kilo 2, nileteeni sinza"},
		[]string{"ndio weka", "yes place it", "poa thibitisha"}},
	{askOrder, demo.Clothes, []string{"I want a handbag", "deliver to Westlands"},
		[]string{"ndio weka", "yes place it", "poa thibitisha"}},
}

// yesNoQuestions are those that a yes or a no answers.
var yesNoQuestions = []string{
	askBook, askMean, askCancel, askMove, askOrder, askUndo, askHelped, askPerson, askBring,
}

// Every constant ask… of state.go has a conversation in the table.
func TestOpenQuestionsAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "state.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "ask") {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		asks, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if !slices.ContainsFunc(openQuestions, func(q openQuestion) bool {
			return q.asks == asks && len(q.answers) >= 3
		}) {
			t.Errorf("no conversation leads to %s, or it has no three answers", spec.Names[0].Name)
		}
		return true
	})
	if found != len(openQuestions) {
		t.Errorf("state.go has %d questions, the table %d", found, len(openQuestions))
	}
}

// chat plays the conversation that leads to the question.
func (q openQuestion) chat(t *testing.T) *chat {
	t.Helper()
	c := newChat(t, q.business)
	for _, text := range q.said {
		c.say(text)
	}
	if c.state.Ask.For != q.asks {
		t.Fatalf("after %q %q is open; want %q", q.said, c.state.Ask.For, q.asks)
	}
	return c
}

// again is the same chat once more, as Decide leaves its Input as it was.
func (c *chat) again() *chat {
	other := *c
	other.cal.Bookings = slices.Clone(c.cal.Bookings)
	other.cal.Orders = slices.Clone(c.cal.Orders)
	return &other
}

// held is what a conversation has noted and made so far. The words of the customer stand in it as
// they were kept.
func (c *chat) held() string {
	var all []string
	add := func(kind string, texts ...string) {
		if text := strings.TrimSpace(strings.Join(texts, " ")); text != "" {
			all = append(all, kind+": "+text)
		}
	}
	add("name", c.state.Name)
	if v := c.state.Booking; v != nil {
		add("visit", v.Service, strings.Join(v.More, " "), v.Start.Format("2 Jan 15:04"), v.Note)
	}
	if o := c.state.Order; o != nil {
		add("address", o.Address)
		add("area", o.Area)
		add("how", o.How)
		add("payment", o.Payment)
		add("note", o.Note)
		for _, l := range o.Lines {
			add("line", strconv.Itoa(l.Quantity), l.Product, l.Size)
		}
	}
	if p := c.state.Ticket; p != nil {
		add("problem", p.Note)
	}
	for _, o := range c.cal.Orders {
		if o.Status != flowhq.OrderOpen {
			add("order", string(o.Status), o.Delivery.Address, o.Note, o.Name)
		}
	}
	for _, b := range c.cal.Bookings {
		add("booking", string(b.Status), b.Service, b.StartsAt.Format("2 Jan 15:04"), b.Note, b.Name)
	}
	return strings.Join(all, "; ")
}

// handsOver reports whether a turn calls a person.
func handsOver(turn Turn) bool {
	return slices.ContainsFunc(turn.Facts, func(f flowhq.FactChange) bool {
		return f.HandOver != nil
	})
}

// notes reports whether a turn leaves something for the owner to read.
func notes(turn Turn) bool {
	return handsOver(turn) || slices.ContainsFunc(turn.Facts, func(f flowhq.FactChange) bool {
		return f.Unanswered != nil || f.Ticket != nil
	})
}

// crossed is one message to one open question, and what became of it.
type crossed struct {
	q      openQuestion
	text   string
	want   string // what the reply must have or the chat must hold; behind a bar in the table
	turn   Turn
	before *chat
	after  *chat
}

// good reports whether the message did something for good.
func (x crossed) good() bool { return doneForGood(x.turn, x.before.cal.Bookings) }

// unchanged is what is wrong if a message must change nothing of what is held; "" if nothing is.
func (x crossed) unchanged() string {
	if before, after := x.before.held(), x.after.held(); before != after {
		return fmt.Sprintf("records %q; want %q", after, before)
	}
	return ""
}

// stands is what is wrong if the question must stand after the message.
func (x crossed) stands() string {
	switch open := x.after.state.Ask.For; {
	case open != x.q.asks:
		return fmt.Sprintf("leaves %q open", open)
	case len(x.turn.Reply) == 0:
		return "gets no reply"
	}
	return ""
}

// asMessage reads "[voice]" as a message of that medium, and any other text as words.
func asMessage(text string) Message {
	media, ok := strings.CutPrefix(text, "[")
	if !ok {
		return Message{Text: text, Kind: flowhq.KindText}
	}
	m := Message{Kind: flowhq.KindMedia, Media: strings.TrimSuffix(media, "]")}
	if m.Media == mediaLocation {
		lat, long := -6.77, 39.23
		m.Kind, m.Latitude, m.Longitude = flowhq.KindLocation, &lat, &long
	}
	return m
}

// TestOpenQuestions says every message of inBetween to every open question, and the answers of the
// question. What each must leave is the rule of its kind.
func TestOpenQuestions(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for i, q := range slices.Concat(openQuestions, moreOpenQuestions) {
		t.Run(fmt.Sprintf("%d %s", i, q.asks), func(t *testing.T) {
			t.Parallel()
			start := q.chat(t)
			kinds := append([]between{
				{"answer", func(openQuestion) []string { return q.answers }, settlesIt},
				{"answer and question", answersAndAsks, settlesAndTells},
				{"greeting and answer", greetsAndAnswers, settlesIt},
			}, inBetween...)
			for _, kind := range kinds {
				for _, text := range kind.texts(q) {
					said, want, _ := strings.Cut(text, "|")
					c := start.again()
					x := crossed{q: q, text: said, want: want, before: start, after: c,
						turn: c.send(asMessage(said))}
					if wrong := kind.rule(x); wrong != "" {
						t.Errorf("%s %q %s\n\t%s", kind.name, said, wrong,
							strings.ReplaceAll(x.turn.Reply, "\n", "\n\t"))
					}
				}
			}
		})
	}
}
