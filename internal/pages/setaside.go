package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// setAsidePage is the messages that were given up, of all tenants, or what their webhooks were not
// delivered.
type setAsidePage struct {
	Webhooks   bool // deliveries are shown
	Deliveries []flowhq.AsideDelivery
	Causes     []flowhq.AsideReason
	Letters    []flowhq.DeadLetter
	Reasons    []flowhq.DeadLetterReason
	Reason     string // that is looked at; "" = any
	Tenant     string // whose are looked at; "" = of all
	Older      string
	// Retried says how many were retried, "" if none were asked for; Refused how many could not be.
	Retried, Refused string
	Left             bool // there are more with this reason than one request retries
}

// setAside lists what was given up, by reason.
func (v *visit) setAside() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.Form.Get
	p := setAsidePage{
		Reason: f("reason"), Tenant: f("tenant"), Retried: f("retried"), Refused: f("refused"), Left: f("left") != "",
	}
	q := url.Values{"limit": {"50"}, "reason": {p.Reason}, "tenant": {p.Tenant}}
	// The reasons come with the first page only.
	if before := f("before"); before != "" {
		q.Set("before", before)
	}
	if strings.HasSuffix(v.r.URL.Path, "/webhook-deliveries") {
		return v.asideDeliveries(p, q)
	}
	var list struct {
		DeadLetters []flowhq.DeadLetter `json:"dead_letters"`
		Reasons     []flowhq.DeadLetterReason
		Next        string
	}
	if err := v.get("/admin/dead-letters?"+q.Encode(), &list); err != nil {
		return err
	}
	p.Letters, p.Reasons = list.DeadLetters, list.Reasons
	p.Older = p.older(list.Next)
	return v.show(http.StatusOK, "set-aside", "set-aside", "Set aside", p)
}

// older is where the next page is, "" after the last.
func (p setAsidePage) older(next string) string {
	if next == "" {
		return ""
	}
	// What is looked at stays with the next page.
	return "?" + url.Values{
		"reason": {p.Reason}, "tenant": {p.Tenant}, "before": {next},
	}.Encode()
}

// asideDeliveries lists what webhooks were not delivered, by reason.
func (v *visit) asideDeliveries(p setAsidePage, q url.Values) error {
	var list struct {
		Deliveries []flowhq.AsideDelivery
		Reasons    []flowhq.AsideReason
		Next       string
	}
	if err := v.get("/admin/webhook-deliveries?"+q.Encode(), &list); err != nil {
		return err
	}
	p.Webhooks, p.Deliveries, p.Causes = true, list.Deliveries, list.Reasons
	p.Older = p.older(list.Next)
	return v.show(http.StatusOK, "set-aside", "set-aside", "Set aside", p)
}

// retryRounds bounds one click. Each round is a hundred messages, and takes about a second.
const retryRounds = 10

// retryAside retries one message or delivery, or all of a reason.
func (v *visit) retryAside() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.PostForm
	list, one, many := "/admin/dead-letters", "message", "messages"
	if strings.HasPrefix(v.r.URL.Path, "/admin/webhook-deliveries") {
		list, one, many = "/admin/webhook-deliveries", "delivery", "deliveries"
	}
	// Without an id it is the button of a whole reason.
	in := map[string]any{"reason": f.Get("reason"), "tenant_id": f.Get("tenant")}
	if f.Get(one) != "" {
		// What is no number is no id, which the API says.
		id, _ := strconv.ParseInt(f.Get(one), 10, 64)
		in = map[string]any{many: []map[string]any{{"tenant_id": f.Get("tenant"), one: id}}}
	}
	retried, refused, next := 0, 0, ""
	// The API retries a bounded number at a time, and says where to go on. What is left after the
	// last round is retried by another click.
	for round := 0; round == 0 || next != "" && round < retryRounds; round++ {
		if next != "" {
			// The mark moves on over messages that could not be retried, so no round meets them
			// again.
			in["cursor"] = next
		}
		var out struct {
			Retried, Refused []struct{}
			Next             string
		}
		if err := v.post(list+"/retry", in, &out); err != nil {
			return err
		}
		retried, refused, next = retried+len(out.Retried), refused+len(out.Refused), out.Next
	}
	// The counts travel in the address, so reloading the page retries nothing.
	q := url.Values{"retried": {strconv.Itoa(retried)}}
	// Where one tenant's were retried, its others are looked at.
	if f.Get(one) == "" && f.Get("tenant") != "" {
		q.Set("tenant", f.Get("tenant"))
	}
	// What was refused stays in the list, so the page says how many did.
	if refused > 0 {
		q.Set("refused", strconv.Itoa(refused))
	}
	if next != "" {
		q.Set("left", "1")
	}
	return v.redirect(list + "?" + q.Encode())
}
