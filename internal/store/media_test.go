package store_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// someMedia is a picture that is uploaded with a key.
func someMedia(key string) store.NewMedia {
	return store.NewMedia{
		Key: key, ContentType: "image/png", FileName: "menu.png", Actor: "admin",
		Sendable: []flowhq.Media{flowhq.MediaDocument, flowhq.MediaImage},
		Shape:    flowhq.MediaShape{Width: 40, Height: 30}, Bytes: []byte("a picture"),
	}
}

// of is what a message holds that is made with media.
func of(f flowhq.MediaFile) flowhq.Attached {
	return flowhq.Attached{Media: flowhq.MediaImage, Attachment: &flowhq.Attachment{
		MediaID: &f.ID, ContentType: f.ContentType, Size: f.Size,
	}}
}

// TestMedia: an upload is there once for each key, and is kept as long as somebody needs it.
func TestMedia(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	one := must(b.AddMedia(t.Context(), tenant, someMedia("k")))(t)
	if again := must(b.AddMedia(t.Context(), tenant, someMedia("k")))(t); again.ID != one.ID ||
		one.Size != 9 || one.Width != 40 || len(one.Sendable) != 2 || len(one.SHA256) != 64 {
		t.Errorf("AddMedia = %+v, then %+v", one, again)
	}
	other := someMedia("k")
	other.Bytes = []byte("another")
	_, err := b.AddMedia(t.Context(), tenant, other)
	wantCode(t, "AddMedia of other bytes with the key", err, flowhq.Conflict)
	_, err = b.AddMedia(t.Context(), nobody, someMedia("k"))
	wantCode(t, "AddMedia of nobody", err, flowhq.NotFound)

	m := store.NewMessage{To: aNumber, Text: "the menu", Key: "m", Actor: "admin", Attached: of(one)}
	sent := must(b.Write(t.Context(), tenant, m))(t)
	if sent.Attachment == nil || *sent.Attachment.MediaID != one.ID || sent.Text != "the menu" {
		t.Errorf("Write = %+v", sent)
	}
	if kept := must(b.Media(t.Context(), tenant,
		one.ID))(t); !kept.ExpiresAt.After(one.ExpiresAt.Add(24 * time.Hour)) {
		t.Errorf("used, it expires at %v, and before at %v", kept.ExpiresAt, one.ExpiresAt)
	}
	unused := must(b.AddMedia(t.Context(), tenant, someMedia("unused")))(t)
	m.Attached, m.Key = of(unused), "m"
	_, err = b.Write(t.Context(), tenant, m)
	wantCode(t, "Write of other media with the key", err, flowhq.Conflict)

	// What has expired is kept for a message that has yet to be sent, and for no other.
	wantCode(t, "DeleteMedia of what is to be sent",
		b.DeleteMedia(t.Context(), tenant, one.ID, "admin"), flowhq.Conflict)
	expire := func() {
		b.exec(t, `update flowhq.media set expires_at = now() - interval '1 second' where tenant_id = $1`, tenant)
	}
	expire()
	must(b.PruneMedia(t.Context()))(t)
	_, err = b.Media(t.Context(), tenant, unused.ID)
	wantCode(t, "Media that have expired", err, flowhq.NotFound)
	m.Key = "n"
	_, err = b.Write(t.Context(), tenant, m)
	wantCode(t, "Write with media that have expired", err, flowhq.Conflict)

	// Where WhatsApp has them is noted once for each kind.
	up := flowhq.MediaUpload{URL: "u", DirectPath: "d", Key: []byte("key"), Size: 9}
	ok(t, b.SetMediaUpload(t.Context(), tenant, epoch, one.ID, flowhq.MediaImage, up))
	wantCode(t, "SetMediaUpload of an older host",
		b.SetMediaUpload(t.Context(), tenant, epoch-1, one.ID, flowhq.MediaImage, up), flowhq.Fenced)
	got := must(b.MediaToSend(t.Context(), tenant, one.ID, flowhq.MediaImage))(t)
	if got.Upload == nil || got.Upload.DirectPath != "d" ||
		!bytes.Equal(got.Upload.Key, []byte("key")) || got.Upload.At.IsZero() {
		t.Errorf("MediaToSend = %+v", got.Upload)
	}
	if asFile := must(b.MediaToSend(t.Context(), tenant, one.ID,
		flowhq.MediaDocument))(t); asFile.Upload != nil {
		t.Errorf("MediaToSend as a document = %+v", asFile.Upload)
	}
	b.exec(t, `update flowhq.media set uploads = jsonb_set(uploads, '{IMAGE,at}', to_jsonb(now() - interval '8 days'))`)
	if old := must(b.MediaToSend(t.Context(), tenant, one.ID, flowhq.MediaImage))(t); old.Upload != nil {
		t.Errorf("MediaToSend of an old upload = %+v", old.Upload)
	}
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, sent.WAMessageID, flowhq.Sent, ""))
	must(b.PruneMedia(t.Context()))(t)
	_, err = b.MediaBytes(t.Context(), tenant, one.ID)
	wantCode(t, "MediaBytes that were sent and have expired", err, flowhq.NotFound)
}

// TestMediaQuota: a tenant keeps so much, of small files too, and what expires makes room.
func TestMediaQuota(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	b.exec(t, `insert into flowhq.media (tenant_id, key, content_type, sendable, size, sha256, bytes, expires_at)
		select $1, n, 'x', '{DOCUMENT}', 1, '', 'x', now() + interval '1 day' from generate_series(1, $2::int) as n`,
		tenant, flowhq.MediaQuota/flowhq.MinMediaCharge-1)
	must(b.AddMedia(t.Context(), tenant, someMedia("the last")))(t)
	_, err := b.AddMedia(t.Context(), tenant, someMedia("too many"))
	wantCode(t, "AddMedia over the quota", err, flowhq.Conflict)
	if err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("AddMedia over the quota: %v", err)
	}
	b.exec(t, `update flowhq.media set expires_at = now() where tenant_id = $1 and key = '1'`, tenant)
	must(b.AddMedia(t.Context(), tenant, someMedia("too many")))(t)
}

// TestErasedContactsMedia: media go with the only contact that was sent them.
func TestErasedContactsMedia(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	hers := must(b.AddMedia(t.Context(), tenant, someMedia("hers")))(t)
	menu := must(b.AddMedia(t.Context(), tenant, someMedia("menu")))(t)
	write := func(to, key string, f flowhq.MediaFile) flowhq.Message {
		t.Helper()
		return must(b.Write(t.Context(), tenant,
			store.NewMessage{To: to, Key: key, Actor: "admin", Attached: of(f)}))(t)
	}
	her := write(aNumber, "1", hers).ContactID
	write(aNumber, "2", menu)
	write("+255711000077", "3", menu)
	ok(t, b.EraseContact(t.Context(), tenant, her, "admin"))
	_, err := b.Media(t.Context(), tenant, hers.ID)
	wantCode(t, "Media of an erased contact", err, flowhq.NotFound)
	must(b.Media(t.Context(), tenant, menu.ID))(t)
}
