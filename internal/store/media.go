package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// NewMedia are bytes that are to be sent. Who makes it has found out what they are.
type NewMedia struct {
	// Key is of the request: a repeated one keeps nothing twice.
	Key         string
	ContentType string
	FileName    string
	Sendable    []flowhq.Media
	Shape       flowhq.MediaShape
	Bytes       []byte
	Actor       string
}

// mediaColumns are the fields of flowhq.MediaFile, by name.
const mediaColumns = `
	id, content_type, file_name, size, encode(sha256, 'hex') as sha256, sendable, created_at,
	expires_at, width, height, seconds`

// expiredMediaSQL is the condition on media m that nobody needs any more. One that a message still
// has to be sent with stays, however old.
const expiredMediaSQL = `
	m.expires_at < now() and not exists (
		select from flowhq.message_logs l
		where l.tenant_id = m.tenant_id and l.media_id = m.id
			and l.status in ('PENDING', 'UNKNOWN'))`

// AddMedia keeps bytes to be sent and records MEDIA_ADDED. A repeated call returns the media of the
// first. A Conflict error means that the key was used for other media, or that the tenant keeps as
// much as it may; NotFound, that there is no such tenant.
func (s *Store) AddMedia(
	ctx context.Context, tenant flowhq.TenantID, n NewMedia,
) (flowhq.MediaFile, error) {
	// Two at a time would each see the quota without the other, so they come one after the other.
	// It is after hosts in the order of lockorder.go, and nothing else is locked by then.
	const alone = `
		select pg_advisory_xact_lock(hashtextextended(concat('media of ', @tenant::text), 0))`
	// What has expired makes room at once, and not in the coming night.
	const prune = `
		delete from flowhq.media m where m.tenant_id = @tenant and ` + expiredMediaSQL
	const add = `
		with there as (
			select * from flowhq.media where tenant_id = @tenant and key = @key
		), kept as (
			select coalesce(sum(greatest(size, @charge)), 0)::bigint as bytes
			from flowhq.media where tenant_id = @tenant
		), added as (
			insert into flowhq.media (tenant_id, key, content_type, file_name, size, sha256,
				sendable, width, height, seconds, bytes, expires_at)
			select t.id, @key, @content_type, @file_name, @size, @sha256::bytea, @sendable,
				@width, @height, @seconds, @bytes::bytea, now() + make_interval(secs => @life)
			from flowhq.tenants t, kept
			where t.id = @tenant and not exists (select from there)
				and kept.bytes + greatest(@size, @charge) <= @quota
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('media ', id) from added
		)
		select kept.bytes, row_to_json(f) from kept left join (
			select ` + mediaColumns + ` from (
				select * from added union all select * from there) as m
		) as f on true`
	type answer struct {
		Kept int64
		File *flowhq.MediaFile
	}
	sum := sha256.Sum256(n.Bytes)
	args := named{
		"tenant": tenant, "key": n.Key, "content_type": n.ContentType,
		"file_name": clean(n.FileName), "size": int64(len(n.Bytes)), "sha256": sum[:],
		"sendable": n.Sendable, "width": n.Shape.Width, "height": n.Shape.Height,
		"seconds": n.Shape.Seconds, "bytes": n.Bytes, "life": flowhq.UnusedMediaLife.Seconds(),
		"charge": int64(flowhq.MinMediaCharge), "quota": int64(flowhq.MediaQuota),
		"event": flowhq.EventMediaAdded, "actor": clean(n.Actor),
	}
	of := named{"tenant": tenant}
	a, err := oneHeld(ctx, s, tenant, add, args, pgx.RowToStructByPos[answer],
		held{alone, of}, held{prune, of})
	switch {
	case err == nil && a.File == nil && a.Kept+max(int64(len(n.Bytes)), flowhq.MinMediaCharge) >
		flowhq.MediaQuota:
		err = flowhq.Errorf(flowhq.Conflict, "the tenant keeps %d of %d bytes of media, and has "+
			"no room for more: delete some, or wait until they expire", a.Kept, flowhq.MediaQuota)
	case err == nil && a.File == nil:
		err = flowhq.Errorf(flowhq.NotFound, "there is no such tenant")
	case err == nil && (a.File.SHA256 != hex.EncodeToString(sum[:]) ||
		a.File.FileName != clean(n.FileName)):
		err = flowhq.Errorf(flowhq.Conflict, "this key was used for other media, %d; "+
			"a new request needs a new key", a.File.ID)
	}
	if err != nil {
		return flowhq.MediaFile{}, fmt.Errorf("add media of tenant %s: %w", tenant, err)
	}
	return *a.File, nil
}

// Media returns what is known of media that are kept, or a NotFound error.
func (s *Store) Media(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (flowhq.MediaFile, error) {
	const q = `
		select ` + mediaColumns + ` from flowhq.media where tenant_id = @tenant and id = @id`
	return s.mediaFile(ctx, q, named{"tenant": tenant, "id": id})
}

// MediaFiles returns one page of what a tenant keeps to be sent, the newest first, and where the next
// one begins. What has expired is there until it is deleted, since it takes room until then. The
// primary key has them in this order, and the bytes are not read.
func (s *Store) MediaFiles(
	ctx context.Context, tenant flowhq.TenantID, before int64, limit int,
) (page []flowhq.MediaFile, next int64, err error) {
	const q = `
		select ` + mediaColumns + ` from flowhq.media
		where tenant_id = @tenant and (@before::bigint = 0 or id < @before)
		order by id desc
		limit @limit`
	limit = clampLimit(limit)
	rows, err := many(ctx, s, q, named{"tenant": tenant, "before": before, "limit": limit + 1},
		pgx.RowToStructByName[flowhq.MediaFile])
	if err != nil {
		return nil, 0, fmt.Errorf("media of tenant %s: %w", tenant, err)
	}
	page, next = cut(rows, limit, 0, func(f flowhq.MediaFile) int64 { return f.ID })
	return page, next, nil
}

// MediaOf returns the media that a request with this key has left, or a NotFound error.
func (s *Store) MediaOf(
	ctx context.Context, tenant flowhq.TenantID, key string,
) (flowhq.MediaFile, error) {
	const q = `
		select ` + mediaColumns + ` from flowhq.media where tenant_id = @tenant and key = @key`
	return s.mediaFile(ctx, q, named{"tenant": tenant, "key": key})
}

// mediaFile is Media by a statement.
func (s *Store) mediaFile(ctx context.Context, q string, args named) (flowhq.MediaFile, error) {
	f, err := one(ctx, s, q, args, pgx.RowToStructByName[flowhq.MediaFile])
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = flowhq.Errorf(flowhq.NotFound, "there are no such media; they may have expired")
	}
	if err != nil {
		return f, fmt.Errorf("media of tenant %s: %w", args["tenant"], err)
	}
	return f, nil
}

// MediaBytes returns the bytes of media that are kept, or a NotFound error.
func (s *Store) MediaBytes(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) ([]byte, error) {
	const q = `select bytes from flowhq.media where tenant_id = @tenant and id = @id`
	data, err := one(ctx, s, q, named{"tenant": tenant, "id": id}, pgx.RowTo[[]byte])
	if err != nil {
		return nil, fmt.Errorf("media %d: %w", id, err)
	}
	return data, nil
}

// DeleteMedia deletes media that nobody is to be sent any more, and records MEDIA_DELETED. A
// Conflict error means that a message has yet to be sent with them, and NotFound that there are
// none. Messages that were sent with them stay in the log.
func (s *Store) DeleteMedia(
	ctx context.Context, tenant flowhq.TenantID, id int64, actor string,
) error {
	const q = `
		with m as (
			select * from flowhq.media where tenant_id = @tenant and id = @id for update
		), waiting as (
			select l.id from flowhq.message_logs l, m
			where l.tenant_id = @tenant and l.media_id = m.id
				and l.status in ('PENDING', 'UNKNOWN')
			limit 1
		), gone as (
			delete from flowhq.media where tenant_id = @tenant and id = @id
				and not exists (select from waiting)
			returning tenant_id, id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('media ', id) from gone
		)
		select m.id, coalesce((select id from waiting), 0) from m`
	type answer struct{ ID, Waiting int64 }
	a, err := oneHeld(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "event": flowhq.EventMediaDeleted, "actor": clean(actor),
	}, pgx.RowToStructByPos[answer])
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = flowhq.Errorf(flowhq.NotFound, "there are no such media")
	case err == nil && a.Waiting != 0:
		err = flowhq.Errorf(flowhq.Conflict, "message %d has yet to be sent with them", a.Waiting)
	}
	if err != nil {
		return fmt.Errorf("delete media %d of tenant %s: %w", id, tenant, err)
	}
	return nil
}

// useMediaSQL keeps media for longer that a message is about to be sent with, and locks them until
// that is written: what has expired may be deleted at any moment.
const useMediaSQL = `
	update flowhq.media
	set expires_at = greatest(expires_at, now() + make_interval(secs => @life))
	where tenant_id = @tenant and id = @media`

// useMedia is useMediaSQL for what a message holds; id is 0 for none.
func useMedia(tenant flowhq.TenantID, id int64) held {
	return held{useMediaSQL, named{
		"tenant": tenant, "media": id, "life": flowhq.UsedMediaLife.Seconds(),
	}}
}

// mediaID is the id of the media that go with a text, 0 for none.
func mediaID(a flowhq.Attached) int64 {
	if a.Attachment == nil || a.Attachment.MediaID == nil {
		return 0
	}
	return *a.Attachment.MediaID
}

// mediaGone is the error of a message with media that have just expired.
func mediaGone(id int64) error {
	return flowhq.Errorf(flowhq.Conflict, "media %d have expired; upload them again", id)
}

// uploadLife is for how long an upload to WhatsApp is used again. Its servers keep media for some
// weeks, which they do not promise.
const uploadLife = 7 * 24 * time.Hour

// MediaToSend is what a host has to know of media.
type MediaToSend struct {
	flowhq.MediaFile
	// Upload is where WhatsApp has them already, nil if it has not.
	Upload *flowhq.MediaUpload
}

// MediaToSend returns media for a host that sends them as a kind of message, or a NotFound error.
func (s *Store) MediaToSend(
	ctx context.Context, tenant flowhq.TenantID, id int64, kind flowhq.Media,
) (MediaToSend, error) {
	const q = `
		select ` + mediaColumns + `,
			case when (uploads -> @kind ->> 'at')::timestamptz
				> now() - make_interval(secs => @life) then uploads -> @kind end as upload
		from flowhq.media where tenant_id = @tenant and id = @id`
	m, err := one(ctx, s, q, named{
		"tenant": tenant, "id": id, "kind": kind, "life": uploadLife.Seconds(),
	}, pgx.RowToStructByName[MediaToSend])
	if err != nil {
		return m, fmt.Errorf("media %d: %w", id, err)
	}
	return m, nil
}

// SetMediaUpload records where WhatsApp has media, so that whoever sends them next need not upload
// them. If the write is lost they are uploaded once more, and nobody sees a difference: a message
// is known by its id. A Fenced error means that a newer host owns the session.
func (s *Store) SetMediaUpload(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, kind flowhq.Media,
	u flowhq.MediaUpload,
) error {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), noted as (
			update flowhq.media m set uploads = uploads || jsonb_build_object(@kind::text,
				@upload::jsonb || jsonb_build_object('at', now()))
			from fence
			where m.tenant_id = @tenant and m.id = @id
		)
		select exists (select from fence)`
	err := fencedExec(ctx, s, q, tenant, epoch, named{"id": id, "kind": kind, "upload": u})
	if err != nil {
		return fmt.Errorf("upload of media %d: %w", id, err)
	}
	return nil
}

// PruneMedia deletes at most PruneBatch media that have expired, of all tenants. If it deletes
// PruneBatch, there may be more. media_expired_idx finds them.
func (s *Store) PruneMedia(ctx context.Context) (deleted int64, err error) {
	const q = `
		delete from flowhq.media where ctid = any(array(
			select m.ctid from flowhq.media m
			where ` + expiredMediaSQL + `
			limit @limit
			for update skip locked))`
	tag, err := exec(ctx, s, q, named{"limit": PruneBatch})
	if err != nil {
		return 0, fmt.Errorf("prune media: %w", err)
	}
	return tag.RowsAffected(), nil
}
