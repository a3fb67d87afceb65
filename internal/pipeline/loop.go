package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/flowhq/flowhq"
)

// Another bot that answers our answers would go on as far as the rate limits let it, and
// WhatsApp bans numbers for that. A bot is told from a person by how it takes part: it
// writes because we did, at once, or the same text again. People write at once as well, but
// several lines without waiting for a reply. So a message that comes before our reply does
// not count, and before a prompt answer counts too much we hold the reply back for a moment,
// to see whether another line comes.
const (
	// promptWithin is how soon after a reply a person has rarely read it.
	promptWithin = 2 * time.Second
	// holdAfter is how many prompt answers in a row have us hold the next reply back, for
	// holdFor. A person who writes line by line sends the next line meanwhile.
	holdAfter = 3
	holdFor   = 3 * time.Second
	// maxPrompt is how many prompt answers in a row, the later ones in spite of a reply
	// that was held back, are a bot's.
	maxPrompt = 8
	// maxSame is how often somebody may answer with the same text within
	// flowhq.ContactWindow.
	maxSame = 6
	// minComparable is how long a text must be to be compared, in letters and digits:
	// people choose "1" from the menu, and go back with "0", as often as they like.
	minComparable = 4
	// maxTexts bounds how many texts of a contact are compared. A bot that alternates
	// between a few texts repeats one of them often enough within it.
	maxTexts = 40
	// maxComparable bounds the part of a text that is compared, in bytes.
	maxComparable = 256
)

// A loopDetector finds out whether one contact is a bot that answers ours.
type loopDetector struct {
	// began and ended are those of sending the last reply; zero = there was none.
	began, ended time.Time
	// unanswered says that nothing has come since the last reply.
	unanswered bool
	// warning says that the last reply was a warning. People answer those with the same
	// words again and again, so such answers are not compared.
	warning bool
	// prompt is how many prompt answers there were in a row.
	prompt int
	// texts are those of answers within flowhq.ContactWindow, oldest first.
	texts []comparedText
}

// A comparedText is a text that a contact has answered with, as normalize returns it.
type comparedText struct {
	normal string
	at     time.Time
}

// A suspicion is why a contact is taken for a bot; the zero value is none.
type suspicion struct {
	reason string
	// sure is false where it may be a person who repeats a text.
	sure bool
}

// replied notes a reply or warning that was sent.
func (d *loopDetector) replied(began, ended time.Time, kind flowhq.Kind) {
	d.began, d.ended = began, ended
	d.unanswered, d.warning = true, kind == flowhq.KindWarning
}

// inspect takes in what a contact wrote, and when it came. offered says that the bot itself
// offers that text, as it does "menu": such texts are not compared.
func (d *loopDetector) inspect(text string, offered bool, came time.Time) suspicion {
	if !d.unanswered || came.Before(d.began) {
		return suspicion{} // it was not written because of the reply
	}
	d.unanswered = false
	if came.Sub(d.ended) <= promptWithin {
		d.prompt++
	} else {
		d.prompt = 0
	}
	same := 0
	if !offered && !d.warning {
		same = d.countSame(text, came)
	}
	switch {
	case d.prompt >= maxPrompt:
		return suspicion{fmt.Sprintf("has answered within %d seconds, %d times in a row",
			promptWithin/time.Second, d.prompt), true}
	case same >= maxSame:
		return suspicion{fmt.Sprintf("has answered with the same text %d times in %d minutes",
			same, flowhq.ContactWindow/time.Minute), d.prompt >= holdAfter}
	}
	return suspicion{}
}

// countSame counts how often the contact has answered with this text, this time included.
func (d *loopDetector) countSame(text string, at time.Time) (n int) {
	normal := normalize(text)
	if normal == "" {
		return 0
	}
	d.texts = slices.DeleteFunc(d.texts, func(t comparedText) bool {
		return at.Sub(t.at) >= flowhq.ContactWindow
	})
	if len(d.texts) >= maxTexts {
		d.texts = d.texts[1:]
	}
	d.texts = append(d.texts, comparedText{normal, at})
	for _, t := range d.texts {
		if t.normal == normal {
			n++
		}
	}
	return n
}

// normalize returns a text without what may differ between two that are the same: case,
// spaces and signs. It returns "" if too little is left to compare.
func normalize(text string) string {
	var b strings.Builder
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
			letters++
		}
		if b.Len() >= maxComparable {
			break
		}
	}
	if letters < minComparable {
		return ""
	}
	return b.String()
}

// loopDetectors are the detectors of all contacts that were answered lately.
type loopDetectors struct {
	mu    sync.Mutex
	of    map[int64]*loopDetector // by contact
	swept time.Time
}

// use calls f with the detector of a contact. Once in flowhq.ContactWindow it forgets the
// contacts that were not answered within it, so that the map does not grow for ever.
func (ds *loopDetectors) use(contact int64, now time.Time, f func(*loopDetector)) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.of == nil {
		ds.of = make(map[int64]*loopDetector)
	}
	if now.Sub(ds.swept) >= flowhq.ContactWindow {
		ds.swept = now
		for id, d := range ds.of {
			if now.Sub(d.ended) >= flowhq.ContactWindow {
				delete(ds.of, id)
			}
		}
	}
	d := ds.of[contact]
	if d == nil {
		d = &loopDetector{}
		ds.of[contact] = d
	}
	f(d)
}

// forget drops the detector of a contact that was merged into another one.
func (ds *loopDetectors) forget(contact int64) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	delete(ds.of, contact)
}
