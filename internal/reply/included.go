package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// What is part of a service. "Router and cable up to 50 m are included" stands in the description of an
// installation. A sum with the router beside it is too much, and "do I buy the router myself?" is
// answered by that description.

// includes are words that say of a thing that it is part of another.
var includes = listOf("includes")

// includesService reports whether the description of a service says that another is part of it.
func (t *turn) includesService(id, part string) bool {
	s := t.k.service[id]
	if s == nil || id == part {
		return false
	}
	for _, text := range []string{s.Description.EN, s.Description.SW} {
		if anyIn(split(text), includes) && slices.Contains(idsOf(t.named(t.k.services, text)), part) {
			return true
		}
	}
	return false
}

// withoutIncluded are services without those that are part of another one of them.
func (t *turn) withoutIncluded(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(part string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return t.includesService(id, part) })
	})
}

// asksWay are words of who asks what the way to a place costs.
var asksWay = listOf("asks way")

// tellWay tells what the technician's way costs, to who asks for it.
func (t *turn) tellWay() bool {
	p := &t.p
	name, _ := t.way()
	if t.k.template() != flowhq.SupportTemplate || !p.asksSoftly() || !anyIn(p.reading.Words, asksWay) ||
		t.k.area[name] == nil || p.has(actProblem) && p.cued(actProblem) {
		return false
	}
	t.did(actDelivery)
	t.tellArea(t.k.area[name])
	p.acts.drop(actDelivery, actPrice, actOffer, actAnswer, actAccount, actStatus, actProblem)
	return true
}

// asksIncluded are words of who asks whether a thing comes with a service.
var asksIncluded = listOf("asks included")

// tellIncluded tells the description of the service that is spoken of, to who asks whether a part of it
// is paid for or brought apart.
func (t *turn) tellIncluded() bool {
	p := &t.p
	if t.k.template() != flowhq.SupportTemplate || !anyIn(p.reading.Words, asksIncluded) || p.cued(actProblem) {
		return false
	}
	// A new customer who asks that has not heard of the installation yet.
	spoken := append(t.spokenIDs(), t.installation())
	for _, part := range idsOf(p.services) {
		for _, id := range spoken {
			if !t.includesService(id, part) {
				continue
			}
			t.did(actAnswer)
			t.tell("price.condition", "name", t.k.nameOf(id, t.say),
				"condition", lowerFirst(strings.TrimSuffix(t.k.service[id].Description.In(t.say.language), ".")))
			p.acts.drop(actPrice, actOffer, actAccount, actProblem, actStatus, actOrder, actAnswer)
			return true
		}
	}
	return false
}
