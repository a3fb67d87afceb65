package simulator

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// raw returns the client's inside: the way to send what it never would.
func (b *bot) raw() *whatsmeow.DangerousInternalClient {
	return b.DangerousInternals() //nolint:staticcheck // deprecated only to warn
}

// What a client may ask after its login is answered in a form it understands.
func TestQueries(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	ctx := t.Context()
	for name, ask := range map[string]func() error{
		"user info": func() error {
			info, err := b.GetUserInfo(ctx, []types.JID{pn(anna)})
			if err == nil && (info[pn(anna)].LID.IsEmpty() || len(info[pn(anna)].Devices) != 1) {
				t.Errorf("GetUserInfo() = %+v; want a hidden identity and one device", info)
			}
			return err
		},
		"privacy settings": func() error { _, err := b.TryFetchPrivacySettings(ctx, true); return err },
		"block list":       func() error { _, err := b.GetBlocklist(ctx); return err },
		"groups":           func() error { _, err := b.GetJoinedGroups(ctx); return err },
		"passive":          func() error { return b.SetPassive(ctx, true) },
		"app state": func() error {
			return b.FetchAppState(ctx, appstate.WAPatchRegular,
				false, false)
		},
		"media servers": func() error {
			_, err := b.raw().QueryMediaConn(ctx)
			return err
		},
		"disappearing": func() error { return b.SetDefaultDisappearingTimer(ctx, 0) },
	} {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.GetProfilePictureInfo(ctx, pn(anna), nil); !errors.Is(err,
		whatsmeow.ErrProfilePictureNotSet) {
		t.Errorf("GetProfilePictureInfo() = %v; want that there is none", err)
	}
	_, err := b.raw().SendIQ(ctx, whatsmeow.DangerousInfoQuery{
		Namespace: "w:unheard", Type: "get", To: types.ServerJID,
	})
	var refused *whatsmeow.IQError
	if !errors.As(err, &refused) || refused.Code != 501 {
		t.Errorf("unknown query = %v; want 501", err)
	}
}

// Messages that are wrong are refused with the service's codes.
func TestMessagesRefused(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	info, err := b.GetUserInfo(t.Context(), []types.JID{pn(anna)})
	if err != nil {
		t.Fatal(err)
	}
	known := info[pn(anna)].LID
	enc := []waBinary.Node{{Tag: "enc", Attrs: waBinary.Attrs{"v": "2", "type": "msg"}, Content: []byte{1}}}
	to := func(jid types.JID, content []waBinary.Node) []waBinary.Node {
		return []waBinary.Node{{Tag: "participants", Content: []waBinary.Node{
			{Tag: "to", Attrs: waBinary.Attrs{"jid": jid}, Content: content},
		}}}
	}
	for _, test := range []struct {
		name    string
		to      types.JID
		content []waBinary.Node
		code    string
	}{
		{"unknown recipient", types.NewJID("123", types.HiddenUserServer), enc, "404"},
		{"nothing encrypted", known, nil, "479"},
		{"target without content", known, to(known, nil), "479"},
		{"chat by identity, device by number", known, to(pn(anna), enc), "479"},
	} {
		id := b.GenerateMessageID()
		answer := b.raw().WaitResponse(id)
		err := b.raw().SendNode(t.Context(), waBinary.Node{
			Tag: "message", Attrs: waBinary.Attrs{"id": id, "to": test.to, "type": "text"},
			Content: test.content,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := (<-answer).Attrs["error"].(string); got != test.code {
			t.Errorf("%s: error %q; want %s", test.name, got, test.code)
		}
	}
}

func TestTypingIsPassedOn(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.phone(kiosk)
	a, b := r.linked(shop), r.linked(kiosk)
	if err := a.SendChatPresence(t.Context(), pn(kiosk), types.ChatPresenceComposing, ""); err != nil {
		t.Fatal(err)
	}
	r.until("other bot sees it", func() bool { return saw[*events.ChatPresence](b) })
}

// What does not speak the protocol is cut off, and harms nobody.
func TestGarbage(t *testing.T) {
	r := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	header := http.Header{"Origin": {"https://web.whatsapp.com"}}
	for _, garbage := range [][]byte{
		{}, []byte("GET / HTTP/1.1"), []byte("WA\x06\x03"), []byte("WA\x06\x03\x00\x00"),
		[]byte("WA\x06\x03\x00\x00\x05abc"), []byte("WA\x06\x03\x00\x00\x03abc"),
	} {
		ws, _, err := websocket.Dial(ctx, "wss://web.whatsapp.com/ws/chat", &websocket.DialOptions{
			HTTPClient: r.dialer, HTTPHeader: header,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err = ws.Write(ctx, websocket.MessageBinary, garbage); err != nil {
			t.Fatal(err)
		}
		if _, _, err = ws.Read(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("after %q the server goes on; want it to hang up", garbage)
		}
	}
	r.until("all are gone", func() bool { return r.stats().Connections == 0 })
}
