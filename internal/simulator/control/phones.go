package control

import (
	"context"
	"net/http"

	"github.com/flowhq/flowhq/internal/simulator/server"
)

// createPhone answers POST /phones {number, name} with a [server.Phone]: 201, or 200 if
// there is this phone already.
func (a *API) createPhone(r *http.Request) (int, any, error) {
	number, name, err := newcomer(r)
	if err != nil {
		return 0, nil, err
	}
	v, isNew, err := a.server.AddPhone(number, name)
	return created(isNew), v, err
}

// listPhones answers GET /phones with each [server.Phone], by number.
func (a *API) listPhones(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"phones": a.server.Phones()}, nil
}

// showPhone answers GET /phones/{number} with a [server.Phone]. Tests poll it to see when a
// companion is connected, and how much waits for it.
func (a *API) showPhone(r *http.Request) (int, any, error) {
	number, err := pathNumber(r)
	if err != nil {
		return 0, nil, err
	}
	v, err := a.server.Phone(number)
	return http.StatusOK, v, err
}

// listLogins answers GET /phones/{number}/logins with each [server.Login], oldest first.
func (a *API) listLogins(r *http.Request) (int, any, error) {
	number, err := pathNumber(r)
	if err != nil {
		return 0, nil, err
	}
	list, err := a.server.Logins(number)
	return http.StatusOK, map[string]any{"logins": list}, err
}

// scanCode answers POST /phones/{number}/scan {code} with {jid, lid} once the device that
// shows the code is linked, or 422 with the reason why it cannot be.
func (a *API) scanCode(r *http.Request) (int, any, error) { return link(r, a.server.Scan) }

// enterCode answers POST /phones/{number}/enter-code {code} like scanCode.
func (a *API) enterCode(r *http.Request) (int, any, error) { return link(r, a.server.EnterCode) }

// link links a device to the phone in the path, by the code in the body.
func link(
	r *http.Request,
	with func(ctx context.Context, number, code string) (server.Linked, error),
) (int, any, error) {
	in, err := decode[struct{ Code string }](r)
	if err != nil {
		return 0, nil, err
	}
	number, err := pathNumber(r)
	if err != nil {
		return 0, nil, err
	}
	linked, err := with(r.Context(), number, in.Code)
	return http.StatusOK, linked, err
}

// logout answers POST /phones/{number}/logout {device} with {unlinked: [ids]}. Without a
// device, or without a body, it unlinks all. When it answers, the companions have no queue
// any more. Their clients notice a moment later.
func (a *API) logout(r *http.Request) (int, any, error) {
	var in struct{ Device *int }
	if r.ContentLength != 0 {
		var err error
		if in, err = decode[struct{ Device *int }](r); err != nil {
			return 0, nil, err
		}
	}
	number, err := pathNumber(r)
	if err != nil {
		return 0, nil, err
	}
	var unlinked []int
	if in.Device == nil {
		unlinked, err = a.server.UnlinkAll(number)
	} else {
		unlinked, err = a.server.Unlink(number, *in.Device)
	}
	return http.StatusOK, map[string]any{"unlinked": unlinked}, err
}
