package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
)

const (
	// uploadTimeout bounds one upload: 16 MiB at 3 Mbit/s are 45 s.
	uploadTimeout = time.Minute
	// maxUploads bounds the uploads of a process at a time. Each holds the bytes, and once more as
	// they are encrypted: 32 MiB at most.
	maxUploads = 4
)

// uploadTypes are what the library calls the kinds of media. The key to the bytes depends on it.
var uploadTypes = map[flowhq.Media]whatsmeow.MediaType{
	flowhq.MediaImage:    whatsmeow.MediaImage,
	flowhq.MediaDocument: whatsmeow.MediaDocument,
	flowhq.MediaVoice:    whatsmeow.MediaAudio,
}

// A Media is what is sent besides words: what is known of the bytes, and where WhatsApp has them.
type Media struct {
	flowhq.MediaFile
	Upload *flowhq.MediaUpload // nil = it has not
}

// upload returns the media that a message holds, uploaded to WhatsApp, or nil if it holds none. It
// comes before the send, and in nobody's way: other chats go on. Whatever dies before the send has
// sent nothing, and an upload that nobody's message names is nothing that anybody sees.
//
// Its errors have these codes. Refused: the bytes are gone, or WhatsApp does not take them. Fenced
// and Unsent are those of Send. With ErrNotUploaded in its chain the upload has failed, and may be
// tried again.
func (c *Conn) upload(ctx context.Context, m flowhq.Message) (*Media, error) {
	if m.Attachment == nil || m.Attachment.MediaID == nil {
		return nil, nil //nolint:nilnil // a message without media is no error
	}
	id := *m.Attachment.MediaID
	of, err := c.handler.Media(ctx, id, m.Media)
	if err != nil {
		return nil, unreadable(err)
	}
	if of.Upload != nil {
		return &of, nil
	}
	select {
	case c.network.uploads <- struct{}{}:
		defer func() { <-c.network.uploads }()
	case <-ctx.Done():
		return nil, unsent(context.Cause(ctx))
	case <-c.ended:
		return nil, unsent(errEnded)
	}
	data, err := c.handler.MediaBytes(ctx, id)
	if err != nil {
		return nil, unreadable(err)
	}
	up, err := c.put(ctx, data, m.Media)
	if err != nil {
		return nil, err
	}
	failpoint.Hit("media.uploaded")
	of.Upload = &up
	// Whoever sends the media next need not upload them. It is of no consequence for this message,
	// but for what a newer host says.
	err = c.handler.MediaUploaded(ctx, id, m.Media, up)
	if flowhq.ErrorCode(err) == flowhq.Fenced {
		return nil, err
	}
	failpoint.Hit("media.noted")
	return &of, nil
}

// put encrypts bytes under a new key, and uploads them to WhatsApp's media servers.
func (c *Conn) put(
	ctx context.Context, data []byte, kind flowhq.Media,
) (up flowhq.MediaUpload, err error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	defer context.AfterFunc(c.ctx, func() { abort(errEnded) })()
	client := c.client.Load()
	var u whatsmeow.UploadResponse
	// The second try is with another permission: the one that the library keeps may have run out.
	for _, again := range []bool{false, true} {
		//nolint:staticcheck // deprecated as a warning; Upload alone would panic without a host
		hosts, connErr := client.DangerousInternals().RefreshMediaConn(ctx, again)
		switch {
		case connErr != nil:
			err = connErr
		case len(hosts.Hosts) == 0:
			err = errors.New("WhatsApp names no media server")
		default:
			u, err = client.Upload(ctx, data, uploadTypes[kind])
		}
		if err == nil && u.DirectPath == "" {
			err = errors.New("the media server does not say where the media are")
		}
		if err == nil || !isUnauthorized(err) {
			break
		}
	}
	if c.hasEnded() {
		return up, unsent(errEnded)
	}
	if err != nil {
		return up, notUploaded(err)
	}
	return flowhq.MediaUpload{
		URL: u.URL, DirectPath: u.DirectPath, Key: u.MediaKey, EncSHA256: u.FileEncSHA256,
		SHA256: u.FileSHA256, Size: int64(u.FileLength), At: time.Now(),
	}, nil
}

// unreadable classifies why stored media could not be read. What is gone stays gone; a database
// that does not answer is waited for, like anywhere in the way of a message.
func unreadable(err error) error {
	switch flowhq.ErrorCode(err) {
	case flowhq.NotFound:
		return &flowhq.Error{
			Code: flowhq.Refused, Err: err,
			Message: "the media are no longer kept: upload them again, and send another message",
		}
	case flowhq.Fenced:
		return err
	default:
		return unsent(err)
	}
}

// isUnauthorized reports whether the media server wants another permission. The library's error has
// the status only in its text (upload.go, rawUpload).
func isUnauthorized(err error) bool {
	return strings.HasSuffix(err.Error(), " 401") || strings.HasSuffix(err.Error(), " 403")
}

// notUploaded classifies the failure of an upload.
func notUploaded(err error) error {
	for _, status := range []string{"413", "415"} {
		if strings.HasSuffix(err.Error(), " "+status) {
			return &flowhq.Error{
				Code: flowhq.Refused, Err: err,
				Message: "WhatsApp's media server does not take the media (" + status + ")",
			}
		}
	}
	return &flowhq.Error{
		Code: flowhq.Unavailable, Message: "WhatsApp's media server did not take the media",
		Err: fmt.Errorf("%w: %w", flowhq.ErrNotUploaded, err),
	}
}

// unsent is the error of a send that never began.
func unsent(err error) error {
	return &flowhq.Error{Code: flowhq.Unsent, Message: "the message was not sent", Err: err}
}
