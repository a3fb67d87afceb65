package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// AskLinkCode asks the tenant's host for a code to type into the phone, and returns
// the one there is, if it is good for another while; then nothing is asked. The host
// hears of it ("link"). Like a look at the QR code it keeps the codes renewed.
func (s *Store) AskLinkCode(ctx context.Context, tenant flowhq.TenantID) (flowhq.QR, error) {
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

// LinkCode returns the code to type into the phone. An expired one is left out.
func (s *Store) LinkCode(ctx context.Context, tenant flowhq.TenantID) (flowhq.QR, error) {
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

// LinkCodeWanted returns the number of the phone to link by code, "" if nobody has
// asked for a code in the last seconds, or there is one.
func (s *Store) LinkCodeWanted(
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
