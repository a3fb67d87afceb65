package reply

import (
	"slices"
)

// titles are what customers call whoever answers. They ask for nobody. At a clinic "daktari" is
// also in the names of services, and at a barber's "kinyozi" is.
var titles = keywords(`
	doctor, dokta, daktari, dr, dkt, boss, bosi, mkuu, bro, broh, kaka, dada, mama, sir, madam,
	kinyozi, barber, fundi, mzee, ndugu, rafiki, sis, sister, brother, bwana, mzazi, chief, man,
	buda, msee, mdau, jamani, dear, anko, uncle, aunty, anti, teacher, mwalimu, officer
`)

// hereWords ask whether anybody is there.
var hereWords = keywords(`
	uko, upo, mpo, mko, hapo, hapa, there, hodi, kuna, mtu, ni, aje, za, ya, asubuhi, mchana, jioni,
	leo, hii, kazi, nyumbani
`)

// onlyGreets reports whether a message is no more than a greeting, with or without a title: the
// word for doctor in it asks for none. "habari dokta" opened a booking with the doctor. Every word
// must be a courtesy: "habari dokta, mtoto ana homa" asks for one.
func (p *perception) onlyGreets() bool {
	words := split(p.text)
	greets := slices.ContainsFunc(words, func(w string) bool {
		return hasWord(keywords("uko, upo, mpo, mko, hodi, there"), w) ||
			slices.ContainsFunc(greetings, func(g greeting) bool { return hasWord(g.words, w) })
	})
	return greets && len(words) > 0 && len(words) <= maxCourtesy &&
		!slices.ContainsFunc(words, func(w string) bool {
			return !hasWord(titles, w) && !hasWord(hereWords, w) && !hasWord(courtesyWords, w) &&
				!slices.ContainsFunc(greetings, func(g greeting) bool {
					return hasWord(g.words, w)
				})
		})
}
