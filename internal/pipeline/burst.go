package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// People write in short lines: a greeting, then what they want, then how many. Lines that come
// soon after each other are read as one text and get one reply, which answers the last line.
//
// The rows make that durable. All lines are RECEIVED until one statement answers them together,
// so whatever dies before it, the next host finds all of them, with the times of writing,
// and gathers them again.
//
// After a death the rest of a burst comes when the next host is online, so the window counts from
// then at the earliest.
//
// Nobody can know at the first line whether another one follows. To wait each time would make
// every answer late. So a line that says something by itself is answered at once, and what looks
// unfinished waits until the customer has been silent for the window; see unfinished.
const (
	// maxBurst is how long the first line of a burst waits at most. Longer, and a customer who goes
	// on typing would never be answered.
	maxBurst = 10 * time.Second
	// maxLines is how many messages are read as one. The bound keeps the statement that answers
	// them, and the text that is read, short.
	maxLines = 20
	// writtenSlack is added to the window where the times of writing are compared, which WhatsApp
	// gives in whole seconds.
	writtenSlack = time.Second
	// aloneAfter is how many attempts a line may have had that is read with others. A line that
	// kills its host must not take the others with it.
	aloneAfter = 3
)

// A burstLine is a message of a burst before the last one.
type burstLine struct {
	message   flowhq.Message
	attempted bool // its row counts the attempt that is being made
}

// lines are the messages that the job is about, oldest first.
func (j *job) lines() []flowhq.Message {
	ms := make([]flowhq.Message, 0, len(j.earlier)+1)
	for _, l := range j.earlier {
		ms = append(ms, l.message)
	}
	return append(ms, j.question)
}

// anyOf reports whether f says yes to any of the messages that the job is about.
func (j *job) anyOf(f func(flowhq.Message) bool) bool { return slices.ContainsFunc(j.lines(), f) }

// text is what the customer has written, a line of the burst in each line. The text of a wordless
// message is a file's name and the like, and is left out.
func (j *job) text() string {
	if len(j.earlier) == 0 && !j.question.Wordless {
		return j.question.Text
	}
	var texts []string
	for _, m := range j.lines() {
		if !m.Wordless && m.Text != "" {
			texts = append(texts, m.Text)
		}
	}
	return flowhq.CleanText(strings.Join(texts, "\n"))
}

// outcomeOfBurst is the job's outcome for all of its lines. One statement writes it, so that no
// line stays RECEIVED beside the reply and is answered again.
func (j *job) outcomeOfBurst() store.Outcome {
	o := *j.outcome
	o.Earlier = nil
	for _, l := range j.earlier {
		o.Earlier = append(o.Earlier, l.message.ID)
	}
	return o
}

// gather makes one job of the lines that belong together, and waits for more of them where the
// text looks unfinished. A job that is decided is past that.
func (p *Pipeline) gather(c *chat, j *job) error {
	if p.BurstWindow == 0 || j.gathered || j.question.ID == 0 || j.reply != nil || !mayJoin(*j) {
		return nil
	}
	began := p.Now()
	for {
		// The queue is emptied first: lines that have come already need no wait.
		last := p.takeLines(c, j)
		quiet := p.BurstWindow - p.Now().Sub(later(j.question.CreatedAt, p.startedAt()))
		// quiet may exceed the window where the clocks of the worker and the database disagree.
		left := min(quiet, p.BurstWindow, maxBurst-p.Now().Sub(began))
		// Only the first line is judged: who has sent two lines may send a third.
		isWhole := len(j.earlier) == 0 && !unfinished(j.question)
		if last || isWhole || left <= 0 {
			j.gathered = true
			return nil
		}
		// The wait is the chat's own goroutine's, so other chats go on.
		came, err := p.awaitMessage(c, left)
		if err != nil {
			return err
		}
		// What was read of the conversation may be old by now.
		c.stateRead = false
		if !came {
			j.gathered = true
			return nil
		}
	}
}

// takeLines takes from the queue what belongs to the job's burst. It reports whether the burst is
// over: it is full, or what waits next does not belong to it.
func (p *Pipeline) takeLines(c *chat, j *job) (over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Lines are taken from the front alone. Taking a later one past another would change their
	// order.
	for len(c.waiting) > 0 {
		next := c.waiting[0]
		if len(j.earlier)+1 >= maxLines || !p.follows(*j, next) {
			return true
		}
		c.waiting = c.waiting[1:]
		j.earlier = append(j.earlier, burstLine{j.question, j.attempted})
		j.question, j.attempted = next.question, next.attempted
		j.fromRows = j.fromRows || next.fromRows
		j.conversation, j.readAt = next.conversation, next.readAt
		// An edit or a deletion of any of the lines finds the job by these ids.
		c.current.ids = append(c.current.ids, next.question.ID)
		c.stateRead = false
		p.useConversation(c, next)
	}
	return len(j.earlier)+1 >= maxLines
}

// mayJoin reports whether a job's question may be read with others.
func mayJoin(j job) bool {
	// A line that an operator has tried again, or that has failed before, is answered by itself.
	m := j.question
	return !j.alone && j.reply == nil && j.outcome == nil && j.decision == nil &&
		m.RetriedAt == nil && m.Attempts < aloneAfter
}

// follows reports whether next belongs to the burst of j: it was written within the window after
// the last line. When it came says less: messages that waited at WhatsApp come all at once, and
// those of one burst come seconds apart if the host died in the middle of it.
func (p *Pipeline) follows(j, next job) bool {
	if !mayJoin(next) {
		return false
	}
	return writtenAt(next.question).Sub(writtenAt(j.question)).Abs() <= p.BurstWindow+writtenSlack
}

// separate has the lines of a burst whose attempt failed tried one by one: one of them may be why,
// and must not take the others with it.
func (p *Pipeline) separate(c *chat, j *job) {
	if len(j.earlier) == 0 || j.outcome != nil || j.reply != nil {
		return
	}
	if j.decision != nil {
		// The reply that was counted against the limits is not sent. Else a failing burst would use
		// them up.
		p.refund(c, *j.decision)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The order of the lines stays, and they go before whatever came since.
	var rest []job
	for _, l := range j.earlier[1:] {
		rest = append(rest, job{
			question: l.message, attempted: l.attempted, alone: true, fromRows: j.fromRows,
			readAt: j.readAt, waited: j.waited,
		})
	}
	rest = append(rest, job{
		question: j.question, attempted: j.attempted, alone: true, fromRows: j.fromRows,
		readAt: j.readAt, waited: j.waited,
	})
	first := j.earlier[0]
	*j = job{
		question: first.message, attempted: first.attempted, alone: true, fromRows: j.fromRows,
		readAt: j.readAt, waited: j.waited,
	}
	c.waiting = append(rest, c.waiting...)
	c.current = currentQuestion{ids: []int64{j.question.ID}}
	c.stateRead = false
}

// countEarlier counts the attempt of the lines before the question whose rows do not count it yet.
func (p *Pipeline) countEarlier(j *job) error {
	if j.outcome != nil || j.reply != nil {
		return nil
	}
	for i := range j.earlier {
		if l := &j.earlier[i]; !l.attempted {
			// It cannot be one too many: such a line is read alone long before.
			if _, err := p.countAttempt(l.message, nil); err != nil {
				return err
			}
			l.attempted = true
		}
	}
	return nil
}
