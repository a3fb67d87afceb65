package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// AskLinkCode asks the tenant's host for a code to type into the phone, and returns
// the one there is, if it is good for another 30 s, which it takes to find the place in WhatsApp
// and type it in; then nothing is asked. Every process is notified ("link"), and the tenant's
// host reads LinkCodeNumber. Like QR it notes that somebody looks at the codes, so that the host
// keeps renewing them. A NotFound error means that there is no such tenant.
//
// It is one statement because the code that is cleared and the notice belong together: a host
// that is notified and still finds the old code would draw no other. The row of the session is
// the only one that it locks. Outside QR_READY it changes nothing and returns the state, by
// which the API says what is in the way. To repeat it is harmless.
func (s *Store) AskLinkCode(ctx context.Context, tenant flowhq.TenantID) (flowhq.QR, error) {
	// The count of notified is there for PostgreSQL, which does not run a SELECT in a WITH that
	// nothing reads. An update in a WITH is run in any case.
	const q = `
		with asked as (
			update flowhq.whatsapp_sessions set
				qr_asked_at = now(),
				link_code_asked_at = now(),
				link_code = case
					when link_code_expires_at > now() + interval '30 s' then link_code else '' end
			where tenant_id = @tenant and state = 'QR_READY'
			returning tenant_id, link_code
		), notified as (
			select flowhq.notify('link', tenant_id) from asked where link_code = ''
		)
		select s.state, coalesce(a.link_code, ''),
			coalesce(s.link_code_expires_at, '0001-01-01Z'), s.reason, s.ending
		from flowhq.whatsapp_sessions s
		left join asked a using (tenant_id)
		where s.tenant_id = @tenant and (select count(*) from notified) >= 0 -- which runs it`
	code, err := one(ctx, s, q, named{"tenant": tenant}, pgx.RowToStructByPos[flowhq.QR])
	if err != nil {
		return flowhq.QR{}, fmt.Errorf("link code of tenant %s: %w", tenant, err)
	}
	return code, nil
}

// LinkCode returns the code to type into the phone. An expired one is left out, as is one of a
// state that has ended: a host that died has not cleared it. A page polls it after AskLinkCode
// until the host has drawn a code. A NotFound error means that there is no such tenant.
func (s *Store) LinkCode(ctx context.Context, tenant flowhq.TenantID) (flowhq.QR, error) {
	// Nothing is written: a page that polls does not touch the row that renewals need.
	const q = `
		select state,
			case
				when state = 'QR_READY' and link_code_expires_at > now() then link_code
				else '' end,
			coalesce(link_code_expires_at, '0001-01-01Z'),
			reason, ending
		from flowhq.whatsapp_sessions
		where tenant_id = @tenant`
	code, err := one(ctx, s, q, named{"tenant": tenant}, pgx.RowToStructByPos[flowhq.QR])
	if err != nil {
		return flowhq.QR{}, fmt.Errorf("link code of tenant %s: %w", tenant, err)
	}
	return code, nil
}

// LinkCodeNumber returns the number of the phone to link by code, "" if nobody has
// asked for a code in the last 10 s, or there is one. The host reads it when it is notified, and
// after it has listened anew. A request that is older was answered or given up.
func (s *Store) LinkCodeNumber(
	ctx context.Context, tenant flowhq.TenantID,
) (number string, err error) {
	const q = `
		select case
			when s.state = 'QR_READY' and s.link_code = ''
				and s.link_code_asked_at > now() - interval '10 s' then t.phone_number
			else '' end
		from flowhq.whatsapp_sessions s
		join flowhq.tenants t on t.id = s.tenant_id
		where s.tenant_id = @tenant`
	number, err = one(ctx, s, q, named{"tenant": tenant}, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("link code of tenant %s: %w", tenant, err)
	}
	return number, nil
}
