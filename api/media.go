package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/media"
	"github.com/flowhq/flowhq/internal/store"
)

// MediaStore keeps what is to be sent besides words. Each method about one fails with code NotFound
// for an id that is no media of the tenant's, or that have expired.
type MediaStore interface {
	// AddMedia fails with code Conflict if the tenant keeps as much as it may.
	AddMedia(
		ctx context.Context, id flowhq.TenantID, n store.NewMedia,
	) (flowhq.MediaFile, error)
	Media(ctx context.Context, id flowhq.TenantID, media int64) (flowhq.MediaFile, error)
	// MediaFiles returns one page, the newest first, and where the next one begins, 0 for nowhere.
	MediaFiles(
		ctx context.Context, id flowhq.TenantID, before int64, limit int,
	) (page []flowhq.MediaFile, next int64, err error)
	// MediaOf finds what an earlier request with the same key has left.
	MediaOf(ctx context.Context, id flowhq.TenantID, key string) (flowhq.MediaFile, error)
	// DeleteMedia fails with code Conflict if a message has yet to be sent with them.
	DeleteMedia(ctx context.Context, id flowhq.TenantID, media int64, actor string) error
}

// A Fetcher fetches media from addresses of callers.
type Fetcher interface {
	// CheckURL says what is wrong with an address, as the end of a sentence about it.
	CheckURL(address string) string
	// Fetch fails with code Invalid, and says why as the end of a sentence about the address.
	Fetch(ctx context.Context, address string) ([]byte, error)
}

const (
	// maxMediaRequests is how many uploads and fetches are handled at a time. Each holds the bytes
	// twice at most.
	maxMediaRequests = 4
)

// mediaTypes are the types that an upload may have besides formType. What the bytes are is found out
// from them. A form of another site can send none of these without the browser asking first, and
// refuseForeign keeps out the forms that it can send.
var mediaTypes = []string{
	"application/octet-stream", "application/pdf", "image/jpeg", "image/png", "audio/ogg",
}

// mediaRoutes lists the endpoints of media. Who may send messages may upload what they hold.
func (a *API) mediaRoutes(r router) {
	const all, one = "/media", "/media/:media"
	r.get(all, flowhq.ScopeSend, handle(a, http.StatusOK, a.listMedia))
	r.limited(a.mediaSlot).post(all, flowhq.ScopeSend, handle(a, http.StatusCreated, a.addMedia))
	r.get(one, flowhq.ScopeSend, handle(a, http.StatusOK, a.readMedia))
	r.delete(one, flowhq.ScopeSend, handle(a, http.StatusOK, a.deleteMedia))
}

// mediaSlot lets few uploads in at a time, and gives them longer than other requests.
func (a *API) mediaSlot(c *gin.Context) {
	if !acquire(c.Request.Context(), a.mediaWork) {
		a.fail(c, flowhq.Errorf(flowhq.Unavailable, "too many such requests wait"))
		return
	}
	defer release(a.mediaWork)
	ctx, cancel := a.longer(c.Request.Context())
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// longer returns a context for a request that may take longer than others, 25 s: that is less than
// the 30 s of the server, and 16 MiB take as long at 5 Mbit/s. It is still its principal's. That
// the caller hangs up does not end it: what is begun is idempotent.
func (a *API) longer(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), a.timeout*5/2)
}

// timeFor is longer for a message whose media may have to be fetched.
func (a *API) timeFor(
	ctx context.Context, c content,
) (context.Context, context.CancelFunc) {
	if c.media == nil || c.media.url == "" {
		return ctx, func() {}
	}
	return a.longer(ctx)
}

// newMediaRequest is POST /admin/tenants/:id/media, whose body is the bytes, or a form with them.
type newMediaRequest struct {
	tenantRef
	Key, FileName string
	Bytes         []byte
}

func (r *newMediaRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Key = b.key()
	named, given := b.parameter("file_name")
	name, data := b.upload()
	// A caller who names the file knows better than the computer that it was taken from.
	if given {
		name = named
	}
	r.FileName, r.Bytes = b.fileName("file_name", name), data
}

// upload reads a body of bytes as they are, or a form with one file, which has a name.
func (b *binder) upload() (name string, data []byte) {
	kind, parameters, err := mime.ParseMediaType(b.c.GetHeader("Content-Type"))
	switch {
	case err == nil && kind == formType:
		name, data = b.form(parameters["boundary"])
	case err == nil && slices.Contains(mediaTypes, kind):
		data, _ = b.readRaw(flowhq.MaxMediaBytes)
	default:
		b.bodyRead = true
		b.stop(flowhq.Errorf(unsupported, "the Content-Type must be %s or one of %s; of these the "+
			"first is right for any bytes", formType, strings.Join(mediaTypes, ", ")))
	}
	// What is known to be wrong comes first: finish tells of the fields only if nothing stops it.
	if len(data) == 0 && len(b.fields) == 0 {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the request needs a body, the bytes to send"))
	}
	return name, data
}

// fileName reads the name of a document, "" for none.
func (b *binder) fileName(field, name string) string {
	name = b.line(field, name, flowhq.MaxFileName)
	if strings.ContainsAny(name, `/\`) {
		b.wrong(field, `must be a name without / and \`)
	}
	return name
}

// mediaAdded answers with media that are kept now, and says where.
type mediaAdded struct {
	flowhq.MediaFile
	tenant flowhq.TenantID
}

func (m mediaAdded) location() string {
	return "/admin/tenants/" + string(m.tenant) + "/media/" + strconv.FormatInt(m.ID, 10)
}

// addMedia handles POST /admin/tenants/:id/media.
func (a *API) addMedia(ctx context.Context, req newMediaRequest) (mediaAdded, error) {
	f, err := a.keepMedia(ctx, req.Tenant, "upload:"+req.Key, req.FileName,
		media.Inspect(req.Bytes), req.Bytes)
	return mediaAdded{f, req.Tenant}, err
}

// keepMedia stores bytes of which it is known what they are.
func (a *API) keepMedia(
	ctx context.Context, tenant flowhq.TenantID, key, name string, is media.File, data []byte,
) (flowhq.MediaFile, error) {
	return a.Media.AddMedia(ctx, tenant, store.NewMedia{
		Key: key, FileName: name, ContentType: is.ContentType, Sendable: is.Sendable,
		Shape: is.Shape, Bytes: data, Actor: actor(ctx),
	})
}

// mediaList is a page of uploads and of what was fetched, the newest first.
type mediaList struct {
	Media []flowhq.MediaFile `json:"media"`
	Next  string             `json:"next"`
}

// listMedia handles GET /admin/tenants/:id/media.
func (a *API) listMedia(ctx context.Context, req pageRequest) (answer mediaList, err error) {
	page, next, err := a.Media.MediaFiles(ctx, req.Tenant, req.Before, req.Limit)
	answer.Media, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// mediaRef names media by their id.
type mediaRef struct {
	tenantRef
	Media int64
}

func (r *mediaRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Media = b.id("media")
}

// readMedia handles GET /admin/tenants/:id/media/:media.
func (a *API) readMedia(ctx context.Context, req mediaRef) (flowhq.MediaFile, error) {
	return a.Media.Media(ctx, req.Tenant, req.Media)
}

// mediaDeleted answers to DELETE /admin/tenants/:id/media/:media.
type mediaDeleted struct {
	Deleted int64 `json:"deleted"`
}

// deleteMedia handles DELETE /admin/tenants/:id/media/:media.
func (a *API) deleteMedia(ctx context.Context, req mediaRef) (mediaDeleted, error) {
	return mediaDeleted{req.Media}, a.Media.DeleteMedia(ctx, req.Tenant, req.Media, actor(ctx))
}

// A mediaPart is media in a message, by id or by an address.
type mediaPart struct {
	field    string // of the body
	kind     flowhq.Media
	id       int64
	url      string
	fileName string // of a document; "" = that of the media
}

// wrong is the error of the member that names the media.
func (p mediaPart) wrong(message string) error {
	member := p.field + ".url"
	if p.url == "" {
		member = p.field + ".media_id"
	}
	return &flowhq.Error{
		Code: flowhq.Invalid, Message: "the request has fields that are missing or wrong",
		Fields: []flowhq.FieldError{{Field: member, Message: message}},
	}
}

// attach finds the media of a message, and fetches them first if the message names an address. key
// is of the message: one that is repeated finds what the first has fetched, and fetches nothing.
//
// The fetch is within the request, so that whoever asks learns why it failed. Once the message is
// accepted, all that it needs is in the database, and nothing of others can keep it from being sent.
func (a *API) attach(
	ctx context.Context, tenant flowhq.TenantID, key string, p *mediaPart, to flowhq.Attached,
) (flowhq.Attached, error) {
	if p == nil {
		return to, nil
	}
	var f flowhq.MediaFile
	var err error
	if p.url != "" {
		f, err = a.fetch(ctx, tenant, key, *p)
	} else if f, err = a.Media.Media(ctx, tenant, p.id); flowhq.ErrorCode(err) == flowhq.NotFound {
		if _, err := a.Tenants.Tenant(ctx, tenant); err != nil {
			return to, err
		}
		err = p.wrong("names no media that are kept; they may have expired: upload them again")
	}
	if err != nil {
		return to, err
	}
	if !media.CanBe(p.kind, f.Sendable, f.Size) {
		return to, p.wrong(fmt.Sprintf("%s; it is %s of %d bytes",
			media.Wanted(p.kind), f.ContentType, f.Size))
	}
	name := p.fileName
	if p.kind == flowhq.MediaDocument && name == "" {
		name = f.FileName
	}
	return flowhq.Attached{Media: p.kind, Attachment: &flowhq.Attachment{
		MediaID: &f.ID, ContentType: f.ContentType, Size: f.Size, FileName: name,
	}}, nil
}

// fetch keeps what an address leads to. It is not given to a customer as it is: what the message
// cannot hold is refused before it is stored.
func (a *API) fetch(
	ctx context.Context, tenant flowhq.TenantID, key string, p mediaPart,
) (f flowhq.MediaFile, err error) {
	if wrong := a.Fetcher.CheckURL(p.url); wrong != "" {
		return f, p.wrong(wrong)
	}
	// The address is part of the key, and is kept nowhere else: it may hold a permission.
	sum := sha256.Sum256([]byte(p.url))
	key = "fetch:" + hex.EncodeToString(sum[:8]) + ":" + key
	f, err = a.Media.MediaOf(ctx, tenant, key)
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return f, err
	}
	// Nobody's network is bothered for a tenant that there is not.
	if _, err = a.Tenants.Tenant(ctx, tenant); err != nil {
		return f, err
	}
	if !acquire(ctx, a.mediaWork) {
		return f, flowhq.Errorf(flowhq.Unavailable, "too many such requests wait")
	}
	defer release(a.mediaWork)
	data, err := a.Fetcher.Fetch(ctx, p.url)
	if known, ok := errors.AsType[*flowhq.Error](err); ok && known.Code == flowhq.Invalid {
		return f, p.wrong(known.Message)
	} else if err != nil {
		return f, err
	}
	is := media.Inspect(data)
	if !media.CanBe(p.kind, is.Sendable, int64(len(data))) {
		return f, p.wrong(fmt.Sprintf("%s; it leads to %s of %d bytes",
			media.Wanted(p.kind), is.ContentType, len(data)))
	}
	return a.keepMedia(ctx, tenant, key, p.fileName, is, data)
}
