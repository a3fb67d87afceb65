package reply

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A cue is words that say beyond doubt what a message does. Cues stand beside the model because
// some words have one meaning only: a model that is unsure of "naomba mtu" would answer with the
// menu somebody who wants a person.
type cue struct {
	act   act
	words []keyword
	// longest is how many words such a message has at most; 0 = any number. "sawa" is a yes alone
	// and a filler in a long message.
	longest int
}

// cues are what texts/cues.txt says.
var cues = mustReadCues()

// The file is part of the program, so a mistake in it is a mistake of the build: the panic comes
// before any message is read, and every test finds it.
func mustReadCues() []cue {
	file, err := textFiles.ReadFile("texts/cues.txt")
	if err != nil {
		panic("reply: " + err.Error()) // unreachable: the file is in the program
	}
	lists, err := readCatalog(string(file))
	if err != nil {
		panic("reply: texts/cues.txt: " + err.Error())
	}
	var all []cue
	for _, key := range slices.Sorted(maps.Keys(lists)) { // a turn is the same each time
		lines := lists[key]
		name, longest, _ := strings.Cut(key, " ")
		n, _ := strconv.Atoi(longest) // 0 if there is none
		// A comma that ends a line of the file joins it to the next; at the very end it would be an
		// empty keyword, which is in every message.
		list := strings.TrimSuffix(strings.Join(lines, " "), ",")
		all = append(all, cue{act(name), keywords(list), n})
	}
	return all
}

// beside are cues that say more of what a message does, and do nothing alone.
const (
	cueHere    act = "here"    // asks whether anybody is there
	cuePickup  act = "pickup"  // the customer fetches the order
	cueDeliver act = "deliver" // the order is to be brought
	cueRemove  act = "remove"  // takes something off an order
	cueAdd     act = "add"     // puts something on it
	cuePast    act = "past"    // is about an order made before
	cueTotal   act = "total"   // is about all of an order
	cueInstead act = "instead" // puts another time in place of one
	cueFirst   act = "first"   // wants the earliest time
	cueSpoilt  act = "spoilt"  // says that goods are bad
	cueMissing act = "missing" // says that an order has not come
	cueSent    act = "sent"    // says what has come
	cueWrong   act = "wrong"   // says that it is not what was ordered
	cueWait    act = "wait"    // waits, and asks nothing
	cueCharge  act = "charge"  // asks whether it must be paid for
	cueWish    act = "wish"    // wants to have something
	cueTried   act = "tried"   // has done already what could help
	cueLeave   act = "leave"   // says goodbye until the visit
	cueRisk    act = "risk"    // asks what could do harm
	cueTravel  act = "travel"  // says when the customer travels, which is no time for a visit
	cueThink   act = "think"   // has not decided yet
	cueSick    act = "sick"    // somebody is ill
	cueDanger  act = "danger"  // somebody may die
)

var besideActs = []act{
	cueHere, cuePickup, cueDeliver, cueRemove, cueAdd, cuePast, cueTotal, cueInstead, cueFirst,
	cueSpoilt, cueMissing, cueSent, cueWrong,
	cueThink, cueRisk, cueTravel, cueSick, cueDanger, cueWait, cueCharge, cueWish, cueTried,
	cueLeave,
}

// cueWords are the words of a cue, for who asks whether one of them stands in a part of a message.
func cueWords(name act) (all []keyword) {
	for _, c := range cues {
		if c.act == name {
			all = append(all, c.words...)
		}
	}
	return all
}

// cued reports whether the message has a cue for something. An act may be there by the model alone.
// A caller that would undo something asks for the cue as well.
func (p *perception) cued(name act) bool {
	return slices.Contains(p.cues, name)
}

// findCues finds all cues of the message, once: they are asked for often. A turn asks for the same
// cue many times, and each list has up to a hundred keywords.
func (p *perception) findCues() {
	for _, c := range cues {
		if c.fits(p.reading.Words) {
			p.cues = append(p.cues, c.act)
		}
	}
	if !p.cued(actPerson) && wantsPersonNow(p.text) {
		p.cues = append(p.cues, actPerson)
	}
}

// fits reports whether the words have the cue.
func (c cue) fits(words []string) bool {
	return (c.longest == 0 || len(words) <= c.longest) && anyIn(words, c.words)
}
