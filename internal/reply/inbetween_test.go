package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/demo"
)

// A between is a kind of message that comes instead of an answer. rule returns what is wrong with
// what became of it; "" if nothing is.
type between struct {
	name  string
	texts func(openQuestion) []string
	rule  func(crossed) string
}

// always says the same to every question.
func always(texts ...string) func(openQuestion) []string {
	return func(openQuestion) []string { return texts }
}

// inBetween are the kinds of messages that come while a question is open.
var inBetween = []between{
	{"yes", always("yes", "ndio", "ok", "sawa", "👍", "poa", "ndyo", "eeh", "yes please",
		"ndiyo sawa"), yesRule},
	{"no", always("no", "hapana", "nope", "hapana asante", "noo"), noRule},
	{"question", factQuestions, questionRule},
	{"order", otherWishes, otherWishRule},
	{"cancellation", always("cancel", "ghairi", "forget it", "basi acha", "nimeghairi",
		"never mind", "sitaki tena"), cancelRule},
	{"greeting", always("hello", "mambo", "habari", "hi", "habari za asubuhi", "mambo vp"),
		changesNothing},
	{"thanks", always("thanks", "asante sana", "thank you so much", "shukran"), thanksRule},
	{"wait", always("wait", "subiri kidogo", "ngoja kwanza", "one moment please", "nisubiri",
		"give me a minute"), changesNothing},
	{"untold", always("do you have wifi for visitors there?", "mna wifi ya wageni hapo?"), untoldRule},
	{"two answers", twoAnswers, twoAnswersRule},
	{"unclear", always("nimeona", "lol", "hmm", "haha"), unclearRule},
	{"anger", always("you are thieves, you stole my money", "nyie ni wezi mmeniibia",
		"nyie matapeli wakubwa"), personRule},
	{"person", always("I want to talk to a person", "nataka kuongea na mtu",
		"naomba mtu wa kuongea nae", "can someone call me"), personRule},
	{"complaint", always("your service is very bad", "huduma yenu mbaya sana",
		"nimekaa sana bila huduma, mnakera"), complaintRule},
	{"number", always("7", "3500", "15"), numberRule},
	{"time", always("saa kumi jioni", "5pm", "saa 10 jioni"), timeRule},
	{"code", always("SGK7XX82QP", "till number 5521200", "namba ya akaunti 771904"), codeRule},
	{"emoji", always("😂", "🙏", "❤️"), silentRule},
	{"medium", always("[sticker]", "[voice]"), silentRule},
	{"location", always("[location]"), locationRule},
}

// isYesNo reports whether a yes or a no answers the question.
func (q openQuestion) isYesNo() bool { return slices.Contains(yesNoQuestions, q.asks) }

// oneOf reports whether the question is one of some.
func (x crossed) oneOf(asks ...string) bool { return slices.Contains(asks, x.q.asks) }

// The answer itself settles the question.
func settlesIt(x crossed) string {
	if x.after.state.Ask.For == x.q.asks {
		return "is asked again"
	}
	return ""
}

// places is where each business is, as its answer says it in either language.
var places = map[string]string{
	demo.Barber: "Samora", demo.Clinic: "Mwai Kibaki", demo.Grocer: "Msimbazi", demo.Clothes: "Bihi",
	demo.Internet: "Pwani",
}

// answersAndAsks are the answers with a question behind.
func answersAndAsks(q openQuestion) (all []string) {
	for _, a := range q.answers {
		all = append(all, a+". where are you located?|"+places[q.business],
			a+", na mko wapi?|"+places[q.business], a+"\nmko wapi|"+places[q.business])
	}
	return all
}

// greetsAndAnswers are the answers behind a greeting.
func greetsAndAnswers(q openQuestion) (all []string) {
	for _, a := range q.answers {
		all = append(all, "hi, "+a, "mambo, "+a)
	}
	return all
}

// settlesAndTells: the question is settled, and what is asked beside is told.
func settlesAndTells(x crossed) string {
	if !strings.Contains(x.turn.Reply, x.want) && !handsOver(x.turn) {
		return "is not told " + x.want
	}
	return settlesIt(x)
}

// A plain yes settles a question that it answers. To any other it agrees to nothing, is recorded as
// nothing, and the question stands.
func yesRule(x crossed) string {
	switch {
	case x.q.isYesNo():
		return settlesIt(x)
	case x.good():
		return "does something for good"
	}
	return x.unchanged() + x.stands()
}

// A plain no does nothing for good, and a question that it answers is not asked again.
func noRule(x crossed) string {
	switch {
	case x.q.asks != askHelped && x.good():
		return "does something for good"
	case x.turn.Reply == "":
		return "gets no reply"
	case x.q.isYesNo():
		return settlesIt(x)
	}
	return x.keepsWordsOut()
}

// changesNothing is the rule of what says nothing of the matter: it is recorded as nothing, and the
// question stands.
func changesNothing(x crossed) string {
	if x.good() {
		return "does something for good"
	}
	return x.unchanged() + x.stands()
}

// unclearRule: what was not understood is recorded as nothing, and the question stands. Where none
// is in the middle of anything, the bot may ask which of two things was meant.
func unclearRule(x crossed) string {
	switch {
	case x.good():
		return "does something for good"
	case x.oneOf(askOption, askPerson, askDelivery, askQuantity, askHelped):
		return x.unchanged()
	}
	return x.unchanged() + x.stands()
}

// untoldRule: what the owner has not told is noted for people, and the question stands. A person is
// offered only where nothing is in the making.
func untoldRule(x crossed) string {
	switch {
	case x.good():
		return "does something for good"
	case !notes(x.turn):
		return "tells nobody"
	case x.oneOf(askOption, askPerson, askQuantity, askDelivery) || x.q.business == demo.Internet:
		return x.wordsInFields()
	case x.after.state.Ask.For == askPerson:
		x.turn = x.after.say("no")
	}
	return x.unchanged() + x.stands()
}

// twoAnswers are messages between two of the owner's answers.
func twoAnswers(q openQuestion) []string {
	switch q.business {
	case demo.Barber:
		return []string{"how long", "mashine mafuta"}
	case demo.Grocer:
		return []string{"mboga nyama"}
	case demo.Clinic:
		return []string{"majibu na mtoto"}
	}
	return nil
}

// twoAnswersRule: the two are offered. With the choice, and with a no to both, the question stands
// again.
func twoAnswersRule(x crossed) string {
	if x.after.state.Ask.For != askOption || x.oneOf(askOption) {
		return "" // one of the two was told
	}
	for _, text := range []string{"1", "no", "yes", "saa ngapi mnafunga?"} {
		y := x
		y.after = x.after.again()
		y.turn = y.after.say(text)
		if x.oneOf(askPerson, askQuantity, askDelivery) {
			continue
		}
		if wrong := y.unchanged() + y.stands(); wrong != "" || y.good() {
			return "and then " + text + " " + wrong
		}
	}
	return ""
}

// Thanks change nothing. They may end a question on which nothing hangs.
func thanksRule(x crossed) string {
	if x.good() {
		return "does something for good"
	}
	if slices.Contains(confirmAsks, x.q.asks) {
		return x.unchanged() + x.stands()
	}
	return x.unchanged()
}

// keepsWordsOut is what is wrong if the words of a message stand in a field.
func (x crossed) keepsWordsOut() string {
	if held := x.after.held(); strings.Contains(held, x.text) &&
		!strings.Contains(x.before.held(), x.text) {
		return "is recorded: " + held
	}
	return ""
}

// factQuestions are questions of which the owner has told the answer. Behind the bar stands what the
// answer has.
func factQuestions(q openQuestion) []string {
	all := map[string][]string{
		demo.Barber: {
			"where are you located?|Samora", "mko wapi?|Samora", "mpo wapi|Samora",
			"u guys are located where|Samora", "how much is a shave?|7,000",
			"bei ya kunyoa ndevu?|7,000", "ndevu ni ngapi|7,000", "what time do you close?|20:00",
			"mnafunga saa ngapi?|saa mbili", "how do I pay?|5521200", "nalipaje?|5521200",
			"do you come to my home?|weddings", "mnakuja nyumbani?|weddings/harusi", "is there parking?|parking",
		},
		demo.Clinic: {
			"mko wapi?|Mwai Kibaki", "where are you located?|Mwai Kibaki", "kipimo cha damu bei gani?|10,000",
			"how much is a blood test?|10,000", "how do I pay?|5587310", "nalipaje?|5587310",
			"mnapokea NHIF?|Jubilee", "kuna parking?|jengo/building",
		},
		demo.Grocer: {
			"where are you located?|Msimbazi", "mko wapi?|Msimbazi", "mpo wapi|Msimbazi",
			"how much is salt?|700", "bei ya chumvi?|700", "chumvi ni ngapi|700",
			"what time do you close?|21:00", "mnafunga saa ngapi?|saa tatu",
			"how do I pay?|5566778", "nalipaje?|5566778", "how much is delivery to Mbezi?|6,000",
			"kuletewa mpaka Mbezi ni bei gani?|6,000", "delivery mbezi ngapi|6,000",
			"do you give a receipt?|EFD", "mnatoa risiti?|EFD",
		},
		demo.Clothes: {
			"where are you located?|Bihi", "mko wapi?|Bihi", "how much is a blouse?|1,200",
			"blauzi ni ngapi|1,200", "what time do you close?|19:00", "mnafunga saa ngapi?|19:00",
			"how do I pay?|892314", "nalipaje?|892314", "how much is delivery to Rongai?|450",
			"kuletewa Rongai ni ngapi?|450", "are they second hand?|new",
		},
		demo.Internet: {
			"where are you located?|Pwani", "mko wapi?|Pwani", "how much is a router?|55,000",
			"router ni bei gani?|55,000", "what time do you close?|18:00", "mnafunga saa ngapi?|18:00",
			"how do I pay?|400222", "nalipaje?|400222", "is there a contract?|contract",
			"kuna mkataba?|contract/mkataba",
		},
	}
	return all[q.business]
}

// questionRule: a question for a fact is answered first, changes nothing, and the open question
// stands. The offer of a person dies with a question that was answered.
func questionRule(x crossed) string {
	o := x.after.state.Order
	switch {
	case x.good():
		return "does something for good"
	case !slices.ContainsFunc(strings.Split(x.want, "/"),
		func(w string) bool { return strings.Contains(x.turn.Reply, w) }):
		return "is not told " + x.want
	case x.oneOf(askPerson):
		return x.unchanged()
	// The area whose fee is asked for while an order is made is where the order goes. It is read back.
	case o != nil && slices.Contains([]string{"Mbezi", "Rongai"}, o.Area):
		return x.wordsInFields()
	// Whose price is asked for before a service was chosen is what the visit is for.
	case x.oneOf(askOption, askService) && x.before.held() == "" || x.oneOf(askService):
		return x.wordsInFields()
	// What asks for another price or fee has changed the subject of these.
	case x.oneOf(askQuantity, askDelivery, askOption, askHelped) && x.after.state.Ask.For != x.q.asks:
		return x.unchanged()
	}
	return x.unchanged() + x.stands()
}

// otherWishes are wishes for something else than what was asked about.
func otherWishes(q openQuestion) []string {
	switch q.business {
	case demo.Barber:
		return []string{"I want to book a shave on friday at 9am|shave",
			"nataka kubook kunyoa ndevu ijumaa saa tatu asubuhi|shave",
			"niwekee ndevu ijumaa saa 3 asbh|shave"}
	case demo.Clinic:
		return []string{"I want to book a blood test on friday at 9am|lab-test",
			"nataka kubook kipimo cha damu ijumaa saa tatu asubuhi|lab-test"}
	case demo.Grocer:
		return []string{"I want to order 3 trays of eggs|eggs", "naomba mayai trei 3|eggs",
			"niletee mayai trei 3|eggs"}
	case demo.Clothes:
		return []string{"I want to order a handbag|handbag", "naomba mkoba mmoja|handbag",
			"nataka pia mkoba|handbag"}
	}
	return []string{"I want a router", "nataka router mpya"}
}

// otherWishRule: what is wished stands in its own field, and nothing is done for good.
func otherWishRule(x crossed) string {
	held := x.after.held()
	switch {
	case x.good():
		return "does something for good"
	case x.turn.Reply == "":
		return "gets no reply"
	case !strings.Contains(held, x.want):
		return "is not recorded: " + held
	}
	for field := range strings.SplitSeq(held, "; ") {
		for _, other := range []string{"address: ", "area: ", "name: ", "note: "} {
			if strings.HasPrefix(field, other) && !strings.Contains(x.before.held(), field) {
				return "is recorded as " + field
			}
		}
	}
	return ""
}

// cancelRule: a cancellation makes nothing, stands in no field, and is answered.
func cancelRule(x crossed) string {
	switch {
	case confirmed(x.turn):
		return "makes something for good"
	case x.turn.Reply == "":
		return "gets no reply"
	}
	return x.keepsWordsOut()
}

// personRule: a person is called, whatever is open, and nothing is recorded.
func personRule(x crossed) string {
	switch {
	case !handsOver(x.turn):
		return "calls nobody"
	case x.good():
		return "does something for good"
	}
	return x.unchanged()
}

// complaintRule: the owner hears of a complaint. To a help desk it may be the problem itself.
func complaintRule(x crossed) string {
	switch {
	case x.good():
		return "does something for good"
	case !notes(x.turn):
		return "tells nobody"
	case x.q.business == demo.Internet:
		return ""
	}
	return x.unchanged()
}

// numberRule: a bare number is recorded only where a number was asked for.
func numberRule(x crossed) string {
	switch {
	case x.good():
		return "does something for good"
	case x.turn.Reply == "":
		return "gets no reply"
	case x.oneOf(askOption, askService, askWhen, askBook, askMean, askMove, askMoveTo, askChildren,
		askQuantity, askProduct, askHow, askOrder):
		return x.wordsInFields()
	}
	return x.unchanged()
}

// addressFields are what the chat knows of who the customer is and where.
func (x crossed) addressFields() []string {
	fields := []string{x.after.state.Name}
	if o := x.after.state.Order; o != nil {
		fields = append(fields, o.Address, o.Area)
	}
	for _, o := range x.after.cal.Orders {
		fields = append(fields, o.Delivery.Address, o.Delivery.Area, o.Name)
	}
	return fields
}

// wordsInFields is what is wrong if the words of a message stand in a field for words.
func (x crossed) wordsInFields() string {
	fields := x.addressFields()
	if v := x.after.state.Booking; v != nil {
		fields = append(fields, v.Note)
	}
	if o := x.after.state.Order; o != nil {
		fields = append(fields, o.Note)
	}
	for _, o := range x.after.cal.Orders {
		fields = append(fields, o.Note)
	}
	return x.wordsIn(fields)
}

// wordsIn is what is wrong if the words of a message stand in a field.
func (x crossed) wordsIn(fields []string) string {
	if slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(f, x.text) }) {
		return "is recorded: " + x.after.held()
	}
	return ""
}

// timeRule: a time is taken for the visit that it may be of. In every other field it has no place.
func timeRule(x crossed) string {
	switch {
	case x.good():
		return "does something for good"
	case x.turn.Reply == "":
		return "gets no reply"
	}
	// With an order it is when the order is to come, and noted so.
	return x.wordsIn(x.addressFields())
}

// codeRule: a code is no name, address, size or problem.
func codeRule(x crossed) string {
	if x.good() {
		return "does something for good"
	}
	if x.q.business == demo.Internet {
		return "" // a help desk asks for the account
	}
	return x.wordsInFields()
}

// silentRule: what has no words changes nothing and leaves the question open. It may be answered
// with silence.
func silentRule(x crossed) string {
	switch open := x.after.state.Ask.For; {
	case x.good():
		return "does something for good"
	case open != x.q.asks && !handsOver(x.turn):
		return "leaves " + open + " open"
	}
	return x.unchanged()
}

// locationRule: a location is where an order goes, and elsewhere nothing.
func locationRule(x crossed) string {
	switch {
	case x.q.asks != askAddress && x.good():
		return "does something for good"
	case x.turn.Reply == "":
		return "gets no reply"
	case x.q.business == demo.Grocer || x.q.business == demo.Clothes:
		return x.wordsInFields()
	}
	return x.unchanged() + x.stands()
}
