package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/flowhq/flowhq"
)

// chatsPart is the list of chats, beside the one that is open.
type chatsPart struct {
	List []flowhq.Chat
	// Search is what was looked for, and Waiting whether only those who wait for a person are shown.
	Search  string
	Waiting bool
	// Next is where the list goes on, "" at its end.
	Next string
	// Path is where the list is, as it is now: it asks for itself again.
	Path string
}

// Asked reports whether the list is not that of all chats.
func (c chatsPart) Asked() bool { return c.Search != "" || c.Waiting }

// After is the query of the page that follows.
func (c chatsPart) After() string { return c.query(url.Values{"before": {c.Next}}) }

// query is what the list was asked for, with more.
func (c chatsPart) query(q url.Values) string {
	if c.Search != "" {
		q.Set("search", c.Search)
	}
	if c.Waiting {
		q.Set("waiting", "1")
	}
	return q.Encode()
}

// chats shows the list of conversations. None is opened: to look at the list reads nobody's
// messages.
func (v *visit) chats() error {
	p, err := v.about("chats")
	if err == nil {
		// The list of a page with an open chat is asked for alone, and marks that chat. What is no
		// number marks none.
		if v.isPart() {
			p.Contact.ID, _ = strconv.ParseInt(v.r.Form.Get("open"), 10, 64)
		}
		err = v.readChats(&p)
	}
	if err != nil {
		return err
	}
	return v.showTenant(http.StatusOK, "chats", p)
}

// readChats reads the list of chats.
func (v *visit) readChats(p *tenantPage) error {
	c := &p.Chats
	c.Search, c.Waiting = v.r.Form.Get("search"), v.r.Form.Get("waiting") != ""
	q := url.Values{"limit": {"50"}}
	if c.Search != "" {
		q.Set("text", c.Search)
	}
	if c.Waiting {
		q.Set("handed_over", "true")
	}
	again := url.Values{}
	if p.Contact.ID != 0 {
		again.Set("open", strconv.FormatInt(p.Contact.ID, 10))
	}
	// Beside an open chat the list begins at its beginning: "before" is of the messages there.
	if before := v.r.Form.Get("before"); before != "" && v.r.PathValue("contact") == "" {
		q.Set("before", before)
		again.Set("before", before)
	}
	c.Path = p.Base + "/chats?" + c.query(again)
	var list struct {
		Chats []flowhq.Chat
		Next  string
	}
	err := v.get(v.tenantPath()+"/chats?"+q.Encode(), &list)
	c.List, c.Next = list.Chats, list.Next
	return err
}

// handedOver are the chats that were handed over to a person, as many as a menu has room to count. A
// page asks once for them.
func (v *visit) handedOver() ([]flowhq.Chat, error) {
	if v.handed != nil {
		return v.handed, nil
	}
	var list struct{ Chats []flowhq.Chat }
	err := v.get(v.tenantPath()+"/chats?handed_over=true&limit=100", &list)
	if err == nil {
		v.handed = append([]flowhq.Chat{}, list.Chats...)
	}
	return v.handed, err
}

// waiting counts those of them that nobody of the business has written in yet, for the menu.
func (v *visit) waiting() (n int) {
	for _, c := range v.handed {
		if c.Contact.HandOver != nil && c.Contact.HandOver.OwnerAt == nil {
			n++
		}
	}
	return n
}

// waitingPart is that figure of the menu, which changes by itself.
func (v *visit) waitingPart() error {
	if err := v.user(); err != nil {
		return err
	}
	// The figure is read out in the language of the page around it.
	var t flowhq.Tenant
	if err := v.get(v.tenantPath(), &t); err != nil {
		return err
	}
	v.speak(t)
	if _, err := v.handedOver(); err != nil {
		return err
	}
	return v.render(http.StatusOK, "more", "waiting", v.view("", "", nil))
}

// contactPath is where the API has the contact that the page's path names.
func (v *visit) contactPath() string {
	return v.tenantPath() + "/contacts/" + url.PathEscape(v.r.PathValue("contact"))
}

// chat shows one conversation beside the list of all.
func (v *visit) chat() error {
	p, err := v.readChat()
	if err != nil {
		return err
	}
	return v.showTenant(http.StatusOK, "chats", p)
}

// readChat reads a conversation beside the list of all.
func (v *visit) readChat() (tenantPage, error) {
	p, err := v.about("chats")
	if err == nil {
		err = v.readMessages(&p)
	}
	// After the messages: what has just been seen is no longer counted as unread.
	if err == nil {
		err = v.readChats(&p)
	}
	return p, err
}

// readMessages reads the conversation that the path names, the newest messages last, and notes that
// they were seen.
func (v *visit) readMessages(p *tenantPage) error {
	// The contact comes first: of one that is not there, no messages are asked for.
	if err := v.get(v.contactPath(), &p.Contact); err != nil {
		return err
	}
	// A screen and a half; older ones are one click away.
	q := url.Values{"limit": {"60"}, "contact": {strconv.FormatInt(p.Contact.ID, 10)}}
	before := v.r.Form.Get("before")
	if before != "" {
		q.Set("before", before)
	}
	var list struct {
		Logs []flowhq.Message
		Next string
	}
	if err := v.get(v.tenantPath()+"/logs?"+q.Encode(), &list); err != nil {
		return err
	}
	slices.Reverse(list.Logs) // the API lists the newest first
	p.Messages, p.Older = list.Logs, list.Next
	if before == "" {
		v.noteSeen(p)
	}
	return nil
}

// noteSeen tells the API that the business's people have seen the messages of the page. An operator
// who looks at a chat does not: the business would then miss what it has not read. Nor does who may
// not answer.
func (v *visit) noteSeen(p *tenantPage) {
	if !p.App || !v.me.Has(flowhq.ScopeSend) || len(p.Messages) == 0 {
		return
	}
	last := p.Messages[len(p.Messages)-1].ID
	// Who only reads is not to see a failure of this. The API also refuses it to a visitor whom a
	// link of another site has led here.
	err := v.post(v.contactPath()+"/read", map[string]int64{"up_to": last}, nil)
	if err != nil {
		v.site.log.Debug("a chat is not noted as read", "err", err)
	}
}

// bubbles are the messages of an open conversation, which change by themselves. Nothing else of the
// page is read for them: they are asked for with each message.
func (v *visit) bubbles() error {
	p, err := v.about("chats")
	if err == nil {
		err = v.readMessages(&p)
	}
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "chats", "bubbles-part", v.view(p.section(), v.title(p), p))
}

// deeds are what a person does in a chat, each with its path of the API. Any other word in the
// path is 404, and reaches no path of the API.
var deeds = map[string]string{
	"take": "/hand-over", "give-back": "/give-back", "write": "/messages",
}

// inChat takes a chat over, gives it back, or writes in it as the business.
func (v *visit) inChat() error {
	path, ok := deeds[v.r.PathValue("deed")]
	if !ok {
		v.problem(http.StatusNotFound, "There is no such page.", "")
		return nil
	}
	// A hand-over needs no body: the profile says how long it lasts.
	var in any
	if v.r.PathValue("deed") == "write" {
		in = map[string]string{"text": v.r.PostFormValue("text")}
	}
	// The buttons of a chat have no key, and may be pressed twice.
	if err := v.postOnce(v.contactPath()+path, in, nil); err != nil {
		// A button has no field, so its refusal is a page. A message that was refused is kept.
		if in == nil || statusOf(err) != http.StatusUnprocessableEntity &&
			statusOf(err) != http.StatusBadRequest {
			return err
		}
		// The conversation again, with what was typed and what is wrong with it.
		p, readErr := v.readChat()
		if readErr != nil {
			return readErr
		}
		byField, whole := v.fieldErrors(err)
		p.NotSent, p.Written = byField["text"]+whole, v.r.PostFormValue("text")
		return v.showTenant(statusOf(err), "chats", p)
	}
	return v.redirect(v.base() + "/chats/" + url.PathEscape(v.r.PathValue("contact")))
}
