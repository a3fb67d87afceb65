package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/when"
)

// A time in a clause that gives a reason is no wish: "move it to 9, my wife has a meeting at 11",
// "we fly on 14th. Saturday possible?". It is read without that clause, where something else says
// when.

var (
	// asideEnd ends a clause, and so does a word that leads to a reason. A point inside "11.30"
	// ends none.
	asideEnd = regexp.MustCompile(`(?i)[,;!?\n]+|\.(?:\s+|$)|\s+(?:because|coz|cos|cuz|bcoz|since|kwa sababu|kwasababu|` +
		`sababu|maana|kwani|so|but|ila|lakini|hence|kwahiyo|kwa hiyo|hivyo)\s`)
	// travels says when somebody leaves, which is never the day of a visit.
	travels = regexp.MustCompile(`(?i)\b(?:(?:we|i|they|he|she)(?:'re|'m| are| am| is| will|'ll)?\s+(?:fly|flying|flies|travel|traveling|travelling|travels|depart\w*|leave for|leaving for)|` +
		`(?:the |our |my )?(?:flight|trip|safari)(?:\s+(?:yetu|yangu))?\s+(?:is|ni|iko)|` +
		`(?:ni|tu|a|wa)(?:na|ta)safiri|(?:n|nt|nta|t|tuta)(?:a)?safiri|(?:ni|tu)(?:na|ta)(?:panda ndege|ruka)|ndege (?:ni|iko|yetu|yangu)|safari (?:ni|iko|yetu|yangu))\b`)
	// occupied says what else somebody has to do then.
	occupied = regexp.MustCompile(`(?i)\b(?:(?:have|has|got|having|there is|there's|nina|ana|tuna|wana|ninayo|kuna|in)\s+(?:\pL+\s+){0,3}?` +
		`(?:meetings?|work|school|class(?:es)?|lessons?|exams?|tests? at school|interview|wedding|funeral|church|training|shift|mkutano|mikutano|kikao|kazi|shule|darasa|kipindi|mtihani|mitihani|harusi|msiba|ibada|usaili|semina|job)|` +
		`(?:i|he|she|we|they|(?:my|our)\s+\pL+)\s+(?:starts?|begins?|finish(?:es)?|leaves?|closes?|ends?|goes? to|works?)\s+(?:\pL+\s+)?(?:work|school|class|office|job|shift|from|till|until)|` +
		`(?:ni|a|tu|wa)?na(?:toka|ingia|anza|maliza|enda|wahi|funga)\s+(?:kazi\w*|shule\w*|ofisini|darasani|kwenye|mkutano\w*|kikao\w*)|` +
		`(?:the |her |his |my |our )(?:meeting|wedding|exam|interview|class|funeral|shift)\s+(?:is|starts|begins)|` +
		`(?:mkutano|kikao|harusi|mtihani|usaili|kazi|shule|darasa)(?:\s+(?:yangu|wangu|yake|wake|yetu|wetu|langu|lake))?\s+(?:ni|iko|uko|inaanza|unaanza|linaanza))\b`)
	// wishedHour is a bare hour that something is moved to.
	wishedHour = regexp.MustCompile(`(?i)\b((?:(?:make|move|push|shift|bring|change|put|reschedule|do)\s+(?:it|that|us|me|ours|mine|them|the (?:time|appointment|booking|visit))?\s*(?:to|for|at|forward to|back to)?|` +
		`come at|come|iwe|ifanye|tufanye|(?:ku|ni|tu|u|i|mu)?sogez\w*(?:\s+(?:mpaka|hadi|iwe|mbele|nyuma|kwa|ya|miadi))*|badilisha iwe|tuje|nije|weka|iweke|niwekee)\s+)` +
		`(?:saa\s+|at\s+)?(\d{1,2}(?:[:.][0-5]\d)?)\b(\s*(?:pm|am)\b)?`)
	// asideHour is the hour in a clause, without its day.
	asideHour = regexp.MustCompile(`(?i)\b(?:at|saa|from|till|until)\s+(?:\d{1,2}(?:[:.]\d\d)?(?:\s*(?:am|pm))?|kumi na (?:moja|mbili)|` +
		`moja|mbili|tatu|nne|tano|sita|saba|nane|tisa|kumi)(?:\s+(?:na nusu|na robo|kasoro robo))?`)
)

// withoutAsides are the clauses of a text that give no reason, and those that do. leaves says that
// one of these tells when somebody travels.
func withoutAsides(text string) (left, aside string, leaves bool) {
	if !travels.MatchString(text) && !occupied.MatchString(text) {
		return text, "", false
	}
	from := 0
	ends := append(asideEnd.FindAllStringIndex(text, 2*maxPartsRead), []int{len(text), len(text)})
	for _, end := range ends {
		clause := text[from:end[1]]
		switch goes := travels.MatchString(clause); {
		case goes || occupied.MatchString(clause):
			aside += clause
			leaves = leaves || goes
			left += ", "
		default:
			left += clause
		}
		from = end[1]
	}
	return strings.Trim(left, " ,"), aside, leaves
}

// timeBeside is the time that a text wants beside a clause that gives a reason. beside is false if no
// clause does, or if nothing else says when.
func (t *turn) timeBeside(text string) (r when.Result, ok, beside bool) {
	left, aside, leaves := withoutAsides(text)
	if aside == "" || left == "" {
		return when.Result{}, false, false
	}
	parse := func(text string) (when.Result, bool) { return when.Parse(text, t.written(), openingHours{t.k}) }
	said, ok := parse(left)
	if m := wishedHour.FindStringSubmatch(left); m != nil && !said.HasTime {
		said, ok = parse(wishedHour.ReplaceAllString(left, "${1}at $2$3"))
	}
	switch {
	case !ok:
		// Who says when the flight is has said no day of the visit.
		return when.Result{}, false, leaves
	case said.HasDay || leaves:
		return said, true, true
	}
	// The day of a reason is the day that is spoken of: "I have a wedding on Saturday, morning
	// please".
	if whole, found := parse(asideHour.ReplaceAllString(aside, " ") + ", " + left); found &&
		whole.HasTime == said.HasTime {
		return whole, true, true
	}
	return said, true, true
}
