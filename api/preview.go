package api

import (
	"context"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
)

// Bounds of a preview.
const (
	// Each is read as a customer's is, within the time of one request.
	maxPreviewed   = 30   // messages
	maxPreviewText = 4096 // of one, in characters
	// previewPause is from one message of the customer to the next: longer than what is read as
	// one turn, and short enough for an open question to be still open.
	previewPause = 20 * time.Second
)

// previewKinds are the kinds of messages that can be tried.
var previewKinds = []flowhq.Kind{
	flowhq.KindText, flowhq.KindMedia, flowhq.KindLocation, flowhq.KindContact, flowhq.KindOther,
}

// previewMedia are what a message of kind MEDIA can be.
var previewMedia = []string{"", "voice", "image", "video", "sticker", "document"}

// previewMessage is what a customer would write.
type previewMessage struct {
	Text  string      `json:"text"`
	Kind  flowhq.Kind `json:"kind"`  // "": TEXT, or MEDIA with Media
	Media string      `json:"media"` // what it is, if Kind is MEDIA
}

// previewBody is the body of a preview.
type previewBody struct {
	Messages []previewMessage `json:"messages"`
	// So that an owner can try a change before it is stored.
	Profile  *flowhq.Profile `json:"profile"` // nil: the tenant's
	Template flowhq.Template `json:"template_type"`
	Language flowhq.Language `json:"language"`
	Now      string          `json:"now"` // when the first message is written; "": now
}

// previewRequest is POST /admin/tenants/:id/preview.
type previewRequest struct {
	tenantRef
	previewBody
	at time.Time
}

func (r *previewRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	// Profiles that were read from the API have null in them, and are sent back here.
	b.nullable = true
	// There is room for the largest profile and for each message at its bound.
	b.largeBody(&r.previewBody, flowhq.MaxProfileBytes+maxPreviewed*maxPreviewText)
	if n := len(r.Messages); n == 0 || n > maxPreviewed {
		b.wrong("messages", "must be a list of 1 to "+strconv.Itoa(maxPreviewed)+" messages")
	}
	for i := range r.Messages {
		r.Messages[i].bind(b, "messages["+strconv.Itoa(i)+"]")
	}
	if r.Profile != nil {
		*r.Profile = r.Profile.Normalized()
		// The profile is checked as when it is stored: the preview must not show what cannot be
		// saved.
		for _, f := range fieldErrors(checkProfile(*r.Profile)) {
			b.wrong("profile."+f.Field, f.Message)
		}
	}
	if r.Template != "" && !slices.Contains(flowhq.Templates, r.Template) {
		b.wrong("template_type", "must be "+choices(flowhq.Templates))
	}
	if r.Language != "" && !slices.Contains(flowhq.Languages, r.Language) {
		b.wrong("language", "must be "+choices(flowhq.Languages))
	}
	r.at = time.Now()
	// An owner may want to see what the bot says at night, or on a holiday.
	if r.Now != "" {
		var err error
		if r.at, err = time.Parse(time.RFC3339, r.Now); err != nil {
			b.wrong("now", "must be a time such as 2026-03-04T10:15:00+03:00")
		}
	}
}

// bind checks a message and fills in what was left out.
func (m *previewMessage) bind(b *binder, path string) {
	if utf8.RuneCountInString(m.Text) > maxPreviewText {
		b.wrong(path+".text", "must be at most "+strconv.Itoa(maxPreviewText)+" characters")
	}
	// Media alone is enough, so a form needs one field for both.
	if m.Kind == "" {
		m.Kind = flowhq.KindText
		if m.Media != "" {
			m.Kind = flowhq.KindMedia
		}
	}
	if !slices.Contains(previewKinds, m.Kind) {
		b.wrong(path+".kind", "must be "+choices(previewKinds))
	}
	if !slices.Contains(previewMedia, m.Media) || m.Media != "" && m.Kind != flowhq.KindMedia {
		b.wrong(path+".media", "must be "+choices(previewMedia[1:])+", of a message of kind MEDIA")
	}
	if m.Kind == flowhq.KindText && m.Text == "" {
		b.wrong(path+".text", "must not be empty")
	}
	// The text is cleaned as that of a customer is, so that the preview reads the same.
	m.Text = flowhq.CleanText(m.Text)
}

// previewed says what the bot would answer, and why.
type previewed struct {
	Version  int64           `json:"version"` // of the profile; 0 of one that came with the request
	Template flowhq.Template `json:"template_type"`
	Turns    []previewTurn   `json:"turns"`
}

// previewTurn is what would become of one message.
type previewTurn struct {
	Text string `json:"text"`
	// Reply is "" if the bot would be silent.
	Reply string `json:"reply"`
	// HandedOver says that a person answers the chat from here on.
	HandedOver bool              `json:"handed_over"`
	Facts      []previewFact     `json:"facts"`
	Understood *reply.Understood `json:"understood"` // nil: a person has the chat, nothing was read
}

// previewFact is a fact that would be written. One field is there. The fields are those of
// flowhq.FactChange. Ids are 0, as there are no rows.
type previewFact struct {
	Booking    *flowhq.Booking    `json:"booking,omitempty"`
	Order      *flowhq.Order      `json:"order,omitempty"`
	Ticket     *flowhq.Ticket     `json:"ticket,omitempty"`
	HandOver   *flowhq.HandOver   `json:"hand_over,omitempty"`
	Unanswered *flowhq.Unanswered `json:"unanswered,omitempty"`
	Reminders  *flowhq.Reminders  `json:"reminders,omitempty"`
}

// preview handles POST /admin/tenants/:id/preview. It sends nothing and writes nothing. Of
// customers it knows which times their bookings take, as the bot does, and nothing else.
func (a *API) preview(ctx context.Context, req previewRequest) (answer previewed, err error) {
	t, err := a.Tenants.Tenant(ctx, req.Tenant)
	if err != nil {
		return answer, err
	}
	config := t.Config
	if req.Template != "" {
		config.Template = req.Template
	}
	if req.Language != "" {
		config.Language = req.Language
	}
	var p flowhq.Profile
	if req.Profile != nil {
		p = *req.Profile
		// A version would look like one that is stored.
		p.Version = 0
	} else if p, err = a.Profiles.Profile(ctx, req.Tenant); err != nil {
		return answer, err
	}
	// Without the bookings that there are, the preview would offer times that the bot does not.
	taken, err := a.Facts.Taken(ctx, req.Tenant, req.at)
	if err != nil {
		return answer, err
	}
	answer = previewed{Version: p.Version, Template: config.Template, Turns: []previewTurn{}}
	// Compiling takes a while for a long list; maxProfiles bounds how many requests do it at once.
	stage := newStage(reply.Compile(p, config), req.at, taken)
	for _, m := range req.Messages {
		// Who has hung up needs no more turns.
		if err := ctx.Err(); err != nil {
			return answer, err
		}
		answer.Turns = append(answer.Turns, stage.turn(m))
	}
	return answer, nil
}
