package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxForm bounds what a button sends. The longest is a text.
	maxForm = 128 << 10
	// codeWithin is how long a scan waits for a code to show: the worker has to take the session and
	// dial, and WhatsApp to hand a code out, which together take a few seconds. codeEvery is how
	// often it looks.
	codeWithin = 20 * time.Second
	codeEvery  = 200 * time.Millisecond
	// banSeconds is how long the ban of the button lasts.
	banSeconds = 60
)

// A deed is what one button asks for.
type deed struct {
	business, customer string // numbers
	tenant             string // id
	form               url.Values
}

// actions are the buttons by the ends of their paths. Each returns what it did, for the person who
// pressed it. A path that is none of them is 404.
var actions = map[string]func(s *Site, ctx context.Context, d deed) (said string, err error){
	"customers": (*Site).addCustomer,
	"write":     (*Site).write,
	"reply":     (*Site).reply,
	"scan":      (*Site).scan,
	"logout":    (*Site).logout,
	"start":     command("start", "The session starts."),
	"stop":      command("stop", "The bot is switched off. Messages wait."),
	"kill":      (*Site).kill,
	"drop": fault(map[string]any{"kind": "drop"},
		"The line was cut. The bot logs in again within a second or two."),
	"deaf": fault(map[string]any{"kind": "unresponsive"},
		"Nothing moves on the line, and nothing ends it. "+
			"The bot finds out by itself, within about a minute."),
	"twice": fault(map[string]any{"kind": "duplicate", "count": 1},
		"WhatsApp delivers the next message twice. The bot answers it once."),
	"ban": (*Site).ban,
}

// act does what a button asks for. A script gets a sentence to show, and a plain form the page
// again.
func (s *Site) act(w http.ResponseWriter, r *http.Request) {
	// A longer body is an error of ParseForm, and nothing is done.
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	do, ok := actions[r.PathValue("action")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return
	}
	d := deed{
		business: r.PostForm.Get("business"), customer: r.PostForm.Get("customer"),
		tenant: r.PostForm.Get("tenant"), form: r.PostForm,
	}
	said, err := do(s, r.Context(), d)
	status := http.StatusOK
	if err != nil {
		// The page shows one sentence for whatever was wrong, so one status is enough.
		said, status = detail(err), http.StatusUnprocessableEntity
	}
	// The page's script asks for JSON. Without scripts a browser sends the form itself and needs a
	// page.
	if r.Header.Get("Accept") == "application/json" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"said": said}) // who has left needs none
		return
	}
	// A customer who was just made is written as from then on.
	q := url.Values{
		"business": {d.business}, "customer": {r.PostForm.Get("customer")}, "said": {said},
	}
	if number := r.PostForm.Get("number"); number != "" && err == nil {
		q.Set("customer", number)
	}
	// 303 has the browser ask with GET, so that reloading presses no button again.
	http.Redirect(w, r, Path+"?"+q.Encode(), http.StatusSeeOther)
}

// addCustomer makes the phone of another customer.
func (s *Site) addCustomer(ctx context.Context, d deed) (string, error) {
	name := strings.TrimSpace(d.form.Get("name"))
	in := map[string]string{"number": d.form.Get("number"), "name": name}
	return name + " has a phone now.", s.Simulator.Call(ctx, http.MethodPost, "/customers", in, nil)
}

// write sends a message of the customer: a text, or one of the kinds that people send besides.
func (s *Site) write(ctx context.Context, d deed) (string, error) {
	in := map[string]any{"to": d.business}
	// Other kinds of messages have no text, and the simulator makes up what they hold.
	if kind := d.form.Get("kind"); kind != "" {
		in["kind"] = kind
	} else {
		in["text"] = d.form.Get("text")
	}
	// Numbers come from the form, and a slash in one would lead to another path.
	path := "/customers/" + url.PathEscape(d.customer) + "/messages"
	return "", s.Simulator.Call(ctx, http.MethodPost, path, in, nil)
}

// tenantPath is where the admin API has the business.
func (d deed) tenantPath() string { return "/admin/tenants/" + url.PathEscape(d.tenant) }

// reply writes to the customer as the business, as its owner does on /app.
func (s *Site) reply(ctx context.Context, d deed) (string, error) {
	path := d.tenantPath() + "/contacts/" + url.PathEscape(d.form.Get("contact")) + "/messages"
	in := map[string]string{"text": d.form.Get("text")}
	return "", s.API.Call(ctx, http.MethodPost, path, in, nil)
}

// scan has the business's phone scan the code that an operator would show it: it starts the session
// if need be, waits for the code, and points the phone at it.
func (s *Site) scan(ctx context.Context, d deed) (string, error) {
	name := d.form.Get("name")
	in := map[string]string{"number": d.business, "name": name}
	// The simulator knows phones that were made. To make one again changes nothing.
	if err := s.Simulator.Call(ctx, http.MethodPost, "/phones", in, nil); err != nil {
		return "", err
	}
	if err := s.API.Call(
		ctx, http.MethodPost, d.tenantPath()+"/session/start", nil, nil,
	); err != nil {
		return "", err
	}
	// The browser may leave earlier, and then nobody waits for a code.
	ctx, cancel := context.WithTimeout(ctx, codeWithin)
	defer cancel()
	tick := time.NewTicker(codeEvery)
	defer tick.Stop()
	path := "/phones/" + url.PathEscape(d.business) + "/scan"
	var refused error
	for last := ""; ; {
		var qr struct {
			State string
			Code  *string
		}
		if err := s.API.Call(ctx, http.MethodGet, d.tenantPath()+"/qr", nil, &qr); err != nil {
			return "", err
		}
		// Nothing is shown to scan any more.
		if qr.State == "CONNECTED" {
			return "It is linked already.", nil
		}
		// A code that was replaced meanwhile is refused; the next one will do.
		if qr.Code != nil && *qr.Code != last {
			last = *qr.Code
			if refused = s.Simulator.Call(
				ctx, http.MethodPost, path, map[string]string{"code": last}, nil,
			); refused == nil {
				return "Scanned. The bot is a linked device of this phone now.", nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			// The last refusal tells more than that time has run out.
			if refused != nil {
				return "", refused
			}
			return "", fmt.Errorf("no code came within %v", codeWithin)
		}
	}
}

// logout removes the bot from the phone's list of linked devices.
func (s *Site) logout(ctx context.Context, d deed) (string, error) {
	path := "/phones/" + url.PathEscape(d.business) + "/logout"
	return "The phone has removed the bot. It must be scanned again.",
		s.Simulator.Call(ctx, http.MethodPost, path, nil, nil)
}

// kill kills the worker. The session moves to another worker, or to the next process of this one,
// and the page shows how.
func (s *Site) kill(context.Context, deed) (string, error) {
	// The page names the process, so that a developer finds it in the log.
	pid := s.WorkerPID()
	// Between two processes there is nobody to kill.
	if pid == 0 {
		return "", errors.New("the worker is dead already; it starts again in a moment")
	}
	return fmt.Sprintf("kill -9 %d. Write now: the message waits, and is answered once.", pid),
		s.KillWorker()
}

// ban has WhatsApp refuse the business for a minute, and cuts its line, or nobody would notice.
func (s *Site) ban(ctx context.Context, d deed) (string, error) {
	// The refusal comes first: after a drop alone the bot would be back before it.
	for _, in := range []map[string]any{
		{"kind": "refuse_logins", "number": d.business, "seconds": banSeconds, "reason": 402},
		{"kind": "drop", "number": d.business},
	} {
		if err := s.Simulator.Call(ctx, http.MethodPost, "/faults", in, nil); err != nil {
			return "", err
		}
	}
	return "WhatsApp refuses the number for a minute.", nil
}

// command returns the action that gives the session a command.
func command(name, said string) func(*Site, context.Context, deed) (string, error) {
	return func(s *Site, ctx context.Context, d deed) (string, error) {
		return said, s.API.Call(ctx, http.MethodPost, d.tenantPath()+"/session/"+name, nil, nil)
	}
}

// fault returns the action that makes a fault befall the business.
func fault(in map[string]any, said string) func(*Site, context.Context, deed) (string, error) {
	// The map is shared by all who press the button, so each request has a copy.
	return func(s *Site, ctx context.Context, d deed) (string, error) {
		// The fault befalls this business alone; others on the stand go on.
		body := map[string]any{"number": d.business}
		for name, value := range in {
			body[name] = value
		}
		return said, s.Simulator.Call(ctx, http.MethodPost, "/faults", body, nil)
	}
}
