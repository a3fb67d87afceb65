package pipeline

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// picture is one without a caption; album may be "".
func picture(chat, id, album string) store.Inbound {
	in := inbound(chat, id, "")
	in.Kind, in.Wordless, in.Album = flowhq.KindMedia, true, album
	return in
}

func (b *bench) take(p *Pipeline, in store.Inbound) {
	b.t.Helper()
	if err := p.Receive(b.t.Context(), in); err != nil {
		b.t.Fatal(err)
	}
}

// exec runs a statement past the store.
func (b *bench) exec(statement string) {
	b.t.Helper()
	db, err := store.OpenWA(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(b.t.Context(), statement); err != nil {
		b.t.Fatal(err)
	}
}

// An album of six pictures gets one answer and uses up one reply of the contact's
// five, also if the host changes in the middle; the question after it is answered.
func TestAlbumIsAnsweredOnce(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	for i := range 6 {
		if i == 3 {
			p = b.host()
		}
		p.Start()
		b.take(p, picture("41@lid", fmt.Sprint("P", i), "ALBUM"))
		b.eventually(func() string { return cmp.Diff(i+1, b.count()["IN ANSWERED"]+b.count()["IN IGNORED"]) })
	}
	for i := range 4 {
		b.receive(p, "41@lid", fmt.Sprint("Q", i), "do you open on Sunday?")
	}
	b.becomes(map[string]int{"IN ANSWERED": 5, "IN IGNORED": 5, "OUT SENT": 5})
}

// Another customer is told as well; so is the same one when the window is over.
func TestWordlessWindow(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.take(p, picture("41@lid", "P1", ""))
	b.take(p, picture("42@lid", "P2", ""))
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	b.take(p, picture("41@lid", "P3", ""))
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 2})
	b.exec(`update flowhq.message_logs set created_at = created_at - interval '11 minutes'`)
	b.take(p, picture("41@lid", "P4", ""))
	b.becomes(map[string]int{"IN ANSWERED": 3, "IN IGNORED": 1, "OUT SENT": 3})
}

// Words under the first picture are the album's: the others add nothing.
func TestCaptionAnswersTheAlbum(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	captioned := picture("41@lid", "P1", "ALBUM")
	captioned.Text, captioned.Wordless = "do you have these?", false
	b.take(p, captioned)
	b.take(p, picture("41@lid", "P2", "ALBUM"))
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN IGNORED": 1, "OUT SENT": 1})
}

// The record of a call is seen in the log, and nobody answers it.
func TestSilentIsNotAnswered(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	call := picture("41@lid", "C1", "")
	call.Kind, call.Text, call.Silent = flowhq.KindCall, "Voice call, missed", true
	b.take(p, call)
	b.receive(p, "41@lid", "Q1", "hello?")
	b.becomes(map[string]int{"IN IGNORED": 1, "IN ANSWERED": 1, "OUT SENT": 1})
	if m := b.log()[0]; m.Kind != flowhq.KindCall || m.Text != "Voice call, missed" {
		t.Errorf("recorded %+v", m)
	}
}

// An album of a hundred pictures leaves a place in the queue for the question after it.
func TestAlbumLeavesRoom(t *testing.T) {
	b := newBench(t, unlimited)
	p, release := b.held()
	for i := range 100 {
		b.take(p, picture("1@lid", fmt.Sprint("P", i), "ALBUM"))
	}
	b.receive(p, "1@lid", "Q1", "do you open on Sunday?")
	close(release)
	b.becomes(map[string]int{"IN ANSWERED": 3, "IN IGNORED": 99, "OUT SENT": 3})
}

// said transcribes a voice note, once.
type said struct {
	t     *testing.T
	calls int
}

func (s *said) Transcribe(_ context.Context, _ flowhq.TenantID, m flowhq.Message) (string, error) {
	if s.calls++; s.calls > 1 {
		s.t.Error("a voice note was transcribed twice")
	}
	return "what does a haircut cost?", nil
}

// A voice note that is transcribed is answered as what it says, by the next host too.
func TestTranscript(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Transcriber = &said{t: t}
	p.Start()
	in := inbound("1@lid", "IN1", "")
	in.Kind, in.Wordless, in.Media = flowhq.KindMedia, true, flowhq.MediaVoice
	if err := p.Receive(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	if m := b.log()[0]; m.Text != "what does a haircut cost?" || m.Wordless || m.Media != flowhq.MediaVoice {
		t.Errorf("the voice note is %+v", m)
	}
}
