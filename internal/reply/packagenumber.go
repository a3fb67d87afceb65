package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A package is often named by its number alone, which is its speed.

// byNumber is how a package is named by its number alone: "the 20", "hiyo ya 10", "between 10 and
// 20", "lets go with 20".
var byNumber = regexp.MustCompile(`(?i)\b(?:the|ya|cha|wa|on|to|between|kati ya|and|na|or|au|take|taking|niwekee|mniwekee|weka|nipe|nipeni|` +
	`nachukua|nitachukua|ntachukua|nichukue|tuchukue|tutachukua|chukua|nimechagua|nachagua|chagua|with|go for|going for|get|have|give me|choose|chose|pick|` +
	`prefer|said|say|mean|meant|nimesema|nilisema|namaanisha|nilimaanisha|want|need|nataka|tunataka|naomba|nahitaji|nipate|ile|hii|hiyo|iwe|ni|ok|okay|sawa|basi|poa|haya|yes|ndio)\s+(\d{1,4})\b|` +
	`\b(\d{1,4})\s+(?:one|package|plan|inatosha|itatosha|inanitosha|inafaa|itafaa|is (?:fine|ok|okay|good|enough|best)|will do|would do|works)\b`)

// countsOther is what stands behind a number that counts or tells something else: people, minutes,
// money.
var countsOther = regexp.MustCompile(`(?i)^(?:[:.,/]\d|\s*(?:%|am\b|pm\b|k\b|elfu|(?:th|st|nd|rd)\b|o'?clock|mins?\b|minutes?|hours?|hrs?\b|days?|` +
	`weeks?|months?|years?|people|persons?|users?|devices?|phones?|computers?|pcs?\b|rooms?|offices?|metres?|meters?|km\b|` +
	`watu|wateja|dakika|saa|siku|wiki|miezi|mwezi|miaka|simu|vyumba|mita|` +
	`(?:december|january|february|march|april|may|june|july|august|september|october|november|` +
	`machi|aprili|mei|juni|julai|agosti)\b))`)

// upgradesTo finds the package that a customer wants in place of the one in use: "natumia 10mbps,
// nataka ku-upgrade to 20". One of its groups is the number.
var upgradesTo = regexp.MustCompile(`(?i)\b(?:upgrade|kupanda|nipande|kupandisha|change|switch|kubadilisha|kuhamia|nihamie)\s+` +
	`(?:\pL+\s+){0,3}?(?:to|hadi|kwenda|iwe|mpaka|ya|cha)\s+(?:the\s+)?(\d{1,4})(?:\s*mbps)?\b|` +
	`\b(?:kupanda|nipand\w+|mnipand\w+|kupandish\w+|upgrade|kushuka|nishush\w+|nikishuka|nikipanda|niende|kwenda|nihamie|kuhamia)\s+(\d{1,4})(?:\s*mbps)?\b`)

// addNumbered adds the packages that the message names by their numbers, where it names none else.
func (t *turn) addNumbered(p *perception) {
	if t.k.template() != flowhq.SupportTemplate {
		return
	}
	all := t.packages()
	isPackage := func(m entity.NameMatch) bool { return slices.Contains(all, m.ID) }
	// "Kutoka 10mbps kwenda 20mbps" names two, which the matcher took for one twice.
	if m := upgradesTo.FindStringSubmatch(p.text); m != nil {
		if found := t.packagesAt(byNumber, "to "+m[1]+m[2]); len(found) == 1 {
			// What is used now is named beside it.
			p.services = append(slices.DeleteFunc(p.services, isPackage), found...)
			return
		}
	}
	if found := append(t.packagesAt(besideRate, p.text), t.packagesAt(byRate, p.text)...); len(found) > 0 {
		p.services = append(slices.DeleteFunc(p.services, isPackage), found...)
		return
	}
	if slices.ContainsFunc(p.services, isPackage) {
		return
	}
	p.services = append(p.services, t.packagesAt(byNumber, p.text)...)
	// Behind the list of the packages the number alone is enough. Of a numbered list it is the place.
	if len(t.next.Ask.Options) == 0 &&
		slices.ContainsFunc(t.next.Spoken, func(id string) bool { return slices.Contains(all, id) }) {
		p.services = append(p.services, t.packagesAt(bareNumber, p.text)...)
	}
}

// keepPackage notes a package on a request, and takes those off that it takes the place of. The
// customer's own words stay: only what was noted by name between them is taken off.
func (t *turn) keepPackage(v *Problem, chosen string) {
	var others []string
	for _, id := range t.packages() {
		if id != chosen {
			others = append(others, t.k.service[id].Name.EN, t.k.service[id].Name.SW)
		}
	}
	parts := slices.DeleteFunc(strings.Split(v.Note, noteSeparator), func(part string) bool {
		return part != "" && slices.Contains(others, part)
	})
	v.Note = strings.Join(parts, noteSeparator)
	if name := t.k.nameOf(chosen, t.say); !strings.Contains(v.Note, name) {
		v.add(name)
	}
}

// noteSeparator stands between what was added to a ticket one after the other.
const noteSeparator = " / "

// byRate is a package by its rate: "20mbps".
var byRate = regexp.MustCompile(`(?i)\b(\d{1,4})\s*mbps\b`)

// besideRate is the first of two packages of which the rate is written once: "20 and 50mbps".
var besideRate = regexp.MustCompile(`(?i)\b(\d{1,4})\s*(?:and|or|na|au|to|vs|versus|kwenda|hadi|&|/|,|-)\s*\d{1,4}\s*mbps\b`)

// packagesAt finds the services that have a number in their names, which the message names by that
// alone, where a pattern finds the number.
func (t *turn) packagesAt(pattern *regexp.Regexp, text string) (found []entity.NameMatch) {
	for _, m := range pattern.FindAllStringSubmatchIndex(text, maxSum) {
		if m[2] < 0 {
			m = m[2:] // the number stands in front of the word
		}
		if countsOther.MatchString(text[m[3]:]) {
			continue
		}
		// A number that two packages have names neither.
		at := -1
		for i, s := range t.k.offered() {
			if slices.Contains(split(s.Name.EN+" "+s.Name.SW), text[m[2]:m[3]]) {
				if at >= 0 {
					return nil
				}
				at = i
			}
		}
		if at < 0 {
			continue
		}
		found = append(found, entity.NameMatch{
			Place: entity.Place{Start: m[2], End: m[3]}, ID: t.k.offered()[at].ID, Exact: true,
			Score: 1,
		})
	}
	return found
}
