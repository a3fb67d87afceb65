package pipeline

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// transcribeWithin bounds one call of a Transcriber. The customer waits meanwhile.
const transcribeWithin = 20 * time.Second

// A Transcriber puts voice notes into words. There is none by default: a voice note is then
// answered with the request to write.
type Transcriber interface {
	// Transcribe returns what is said in the voice note that is in m's row, "" if it cannot be
	// understood. It may be called again for the same note, after a crash before its result was
	// stored.
	Transcribe(ctx context.Context, tenant flowhq.TenantID, m flowhq.Message) (string, error)
}

// transcribe replaces the voice notes of a job by their words. They are stored before the answer
// is composed, so that a later attempt, or another host, answers the same words. A voice note that
// cannot be transcribed stays one.
func (p *Pipeline) transcribe(j *job) error {
	if p.Transcriber == nil {
		return nil
	}
	if err := p.transcribeOne(&j.question); err != nil {
		return err
	}
	for i := range j.earlier {
		if err := p.transcribeOne(&j.earlier[i].message); err != nil {
			return err
		}
	}
	return nil
}

// transcribeOne replaces one message, if it is a voice note, by its words. It fails only if the words
// cannot be stored.
func (p *Pipeline) transcribeOne(m *flowhq.Message) error {
	if !m.Wordless || m.Media != flowhq.MediaVoice {
		return nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, transcribeWithin)
	defer cancel()
	text, err := p.Transcriber.Transcribe(ctx, p.Tenant, *m)
	// It is stored as a customer's text is, for which PostgreSQL refuses a NUL.
	text = flowhq.CleanText(text)
	if err != nil || text == "" {
		// The failure is not the customer's: the reply asks for the words in writing.
		p.Log.Info("a voice note could not be transcribed", "message", m.ID, "err", err)
		return nil
	}
	err = p.persist("store a transcript", func(ctx context.Context) error {
		return p.Store.SetTranscript(ctx, p.Tenant, p.Epoch, m.ID, text)
	})
	if err == nil {
		// Only what the row says is answered. Fenced or in vain, the note stays a note.
		m.Text, m.Wordless = text, false
	}
	return err
}
