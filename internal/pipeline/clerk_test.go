package pipeline

import (
	"time"

	"github.com/flowhq/flowhq/internal/reply"
)

// openFor is how long a question of takeNote waits for its answer.
const openFor = 30 * time.Minute

// takeNote stands for reply.Decide. It answers everything, so that these tests count one reply to
// each message. It asks first, and quotes the messages that were written within half an hour of
// its question, as an answer to it.
func takeNote(in reply.Input) reply.Turn {
	m := in.Message
	// When the message was written that the question was asked about.
	prompted, _ := time.Parse(time.RFC3339Nano, in.State.Topic)
	asked := !in.State.At.IsZero() && m.Written.Sub(in.State.At) <= openFor &&
		prompted.Sub(m.Written) <= openFor
	language := string(in.Knowledge.Config().Language)
	switch {
	case m.Text == "":
		return reply.Turn{Reply: language + ": only text is read", State: in.State}
	case asked && len(m.Text) > 4:
		return reply.Turn{Reply: language + ": We have noted: “" + m.Text + "”", State: in.State}
	}
	return reply.Turn{
		Reply: language + ": what for?",
		State: reply.State{At: m.At, Topic: m.Written.Format(time.RFC3339Nano)},
	}
}
