package whatsapp

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

func TestEndOf(t *testing.T) {
	refusal := func(reason events.ConnectFailureReason) any { return &events.ConnectFailure{Reason: reason} }
	logout := func(reason events.ConnectFailureReason) any {
		return &events.LoggedOut{OnConnect: true, Reason: reason}
	}
	tests := []struct {
		event any
		want  flowhq.Ending // "" = not an end
		text  string
	}{
		{&events.Disconnected{}, flowhq.EndLost, "lost"},
		{&events.StreamError{Code: "500"}, flowhq.EndLost, "500"},
		{&events.KeepAliveTimeout{ErrorCount: 1}, "", ""},
		{&events.KeepAliveTimeout{ErrorCount: 2}, flowhq.EndUnresponsive, "2 pings"},
		{&events.StreamReplaced{}, flowhq.EndReplacedByStranger, "took over"},
		{&events.LoggedOut{Reason: 401}, flowhq.EndDeviceRemoved, "phone's linked devices"},
		{logout(401), flowhq.EndLoggedOut, "401"},
		{logout(403), flowhq.EndLocked, "403"},
		{logout(406), flowhq.EndBanned, "406"},
		{&events.TemporaryBan{Code: 101, Expire: time.Hour}, flowhq.EndTempBanned, "101"},
		{&events.TemporaryBan{Code: 101}, flowhq.EndBanned, "101"},
		{&events.ClientOutdated{}, flowhq.EndOutdated, "version"},
		{refusal(409), flowhq.EndRefused, "409"},
		{refusal(418), flowhq.EndRefused, "418"},
		{refusal(501), flowhq.EndLost, "501"},
		{&events.PairError{Error: errors.New("x")}, flowhq.EndPairFailed, "not completed"},
		{&events.PairPasskeyRequest{}, flowhq.EndPasskey, "passkey"},
		{&events.PairPasskeyError{Error: errors.New("x")}, flowhq.EndPasskey, "passkey"},
		{&events.OfflineSyncCompleted{}, "", ""},
		{&events.KeepAliveRestored{}, "", ""},
	}
	for _, tt := range tests {
		end := endOf(tt.event)
		if end == nil {
			end = &EndError{}
		}
		if end.Ending != tt.want || !strings.Contains(end.Reason, tt.text) {
			t.Errorf("endOf(%T%+v) = %q, %q; want %q, a text with %q", tt.event, tt.event,
				end.Ending, end.Reason, tt.want, tt.text)
		}
	}
}

func TestBanEnds(t *testing.T) {
	end := endOf(&events.TemporaryBan{Code: 101, Expire: time.Hour})
	if left := time.Until(end.Until); left <= 59*time.Minute || left > time.Hour {
		t.Errorf("a ban for an hour ends in %v", left)
	}
	if end := endOf(&events.TemporaryBan{Code: 101}); !end.Until.IsZero() {
		t.Errorf("a ban without an end ends at %v; want zero", end.Until)
	}
}

// What is to be seen once comes to phones only. It is answered as any picture.
func TestViewOnce(t *testing.T) {
	w := newWorld(t)
	h := newRecorder()
	c, _ := w.link(w.phone(), h)
	jid := types.NewJID("41", types.HiddenUserServer)
	unreadable := func(id string, kind events.UnavailableType) {
		if !c.handle(&events.UndecryptableMessage{
			Info: types.MessageInfo{ID: id, Timestamp: time.Now(),
				MessageSource: types.MessageSource{Chat: jid, Sender: jid}},
			IsUnavailable: kind != events.UnavailableTypeUnknown, UnavailableType: kind,
		}) {
			t.Errorf("%s is not acknowledged", id)
		}
	}
	unreadable("3EB0", events.UnavailableTypeViewOnce)
	if in := h.next(t); in.ID != "3EB0" || in.Kind != flowhq.KindMedia || !in.Wordless ||
		in.Undecryptable || in.Text != "" {
		t.Errorf("received %+v; want media without words", in)
	}
	unreadable("3EB1", events.UnavailableTypeUnknown)
	if in := h.next(t); in.ID != "3EB1" || !in.Undecryptable {
		t.Errorf("received %+v; want it as undecryptable", in)
	}
}
