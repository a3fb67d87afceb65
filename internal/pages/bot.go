package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// botPage is the form of what an owner tells the bot, with a conversation to try it in. It is the
// same in both places: nothing of it depends on who edits, but its words.
type botPage struct {
	tenantPage
	form
	Section  string
	Sections []string
	// Version is what the form was made of, so that nobody's change is undone unseen.
	Version int64
	Find    string
	From    int
	More    bool // the list goes on after the entries of the page
	// Added is how many empty rows the lists have at their ends.
	Added int
	// Turns are the conversation so far, and Said the customer's side of it.
	Turns    []botTurn
	TryWrong string
	// Changes are what became of the version in the address, which is Changed; Undo is the one
	// before.
	Changes       []change
	Changed, Undo int64
	Same          bool // it was saved, and nothing was different
	Conflict      bool
	Gaps          []botGap
}

// A botTurn is a message that was tried, and the bot's answer.
type botTurn struct {
	Text       string `json:"text"`
	Reply      string `json:"reply"`
	HandedOver bool   `json:"handed_over"`
	Understood *struct {
		Band    string
		Intents []struct {
			Name  string
			Score float64
		}
	} `json:"understood"`
}

// maxTried is how many messages of a conversation are played again for the next: more would take
// longer than one waits for an answer.
const maxTried = 12

// Listed is whether the section's list is edited a page at a time.
func (p botPage) Listed() string { return sectionLists[p.Section] }

// Rows are the rows of a list: those that have something in them, those that were sent, and the
// empty ones to type new entries into.
func (p botPage) Rows(list string) []botRow {
	// Values hold each field of the section under its path, so rows are found by the numbers in
	// the paths. A map has no order; the numbers give it.
	seen := map[int]bool{}
	last := -1
	for path := range p.Values {
		if i, _, ok := entryOf(list, path); ok {
			seen[i], last = true, max(last, i)
		}
	}
	var rows []botRow
	// A row that was left out leaves a gap in the numbers, which need not be closed: the form is
	// read by the same numbers.
	for i := range last + 1 {
		if seen[i] {
			rows = append(rows, botRow{botPage: &p, At: entryPath(list, i)})
		}
	}
	// Empty rows get numbers after all others, so none takes the place of an entry.
	for i := range p.Added {
		rows = append(rows, botRow{botPage: &p, At: entryPath(list, last+1+i), New: true})
	}
	return rows
}

// Before and After are where the pages of the list before and after this one begin.
func (p botPage) Before() int { return max(0, p.From-pageEntries) }

// After is where the next page begins; More tells whether there is one.
func (p botPage) After() int { return p.From + pageEntries }

// Currencies are those to choose from.
func (p botPage) Currencies() []string { return flowhq.Currencies }

// Zones are the time zones of the countries that the bot speaks the languages of. A business may
// have another one, which its list then has as well.
func (p botPage) Zones() []string {
	return []string{
		flowhq.DefaultTimeZone, "Africa/Nairobi", "Africa/Kampala", "Africa/Kigali",
		"Africa/Lubumbashi",
	}
}

// Days are the weekdays with the rows of their hours. Hours are one list in the profile. People
// think of them by the day.
func (p botPage) Days() (days []botDay) {
	rows := p.Rows("hours")
	for _, day := range weekdays {
		d := botDay{Day: day}
		for _, row := range rows {
			if row.Get("day") == string(day) {
				d.Rows = append(d.Rows, row)
			}
		}
		days = append(days, d)
	}
	return days
}

// A botDay is a weekday of the form.
type botDay struct {
	Day  flowhq.Day
	Rows []botRow
}

// A botRow is an entry of a list in the form.
type botRow struct {
	*botPage
	At  string // path of the entry
	New bool
}

// Part is a part of the form that is no list, such as the place.
func (p botPage) Part(at string) botRow { return botRow{botPage: &p, At: at} }

// Path is the name of a field of the entry.
func (r botRow) Path(member string) string { return joined(r.At, member) }

// Get is what stands in a field of the entry.
func (r botRow) Get(member string) string { return r.Value(r.Path(member)) }

// Name is what the entry is called by in the list of all.
func (r botRow) Name() string {
	// Lists name their entries by different members: services in two languages, areas in one,
	// answers by what customers ask.
	members := []string{"name.en", "name.sw", "name", "questions", "date"}
	// A Swahili shop knows its goods by their Swahili names.
	if r.App && r.Tenant.Config.Language == flowhq.Swahili {
		members[0], members[1] = members[1], members[0]
	}
	for _, member := range members {
		// Questions stand one a line. The first is enough to tell an answer from the others.
		if text, _, _ := strings.Cut(r.Get(member), "\n"); text != "" {
			return text
		}
	}
	return ""
}

// Price is the entry's price in groups of three digits, as it is read in a list.
func (r botRow) Price() string {
	typed := r.Get("price")
	// What was typed and is no number stays as it is.
	if n, err := strconv.ParseInt(typed, 10, 64); err == nil {
		return strings.TrimSpace(money(n, ""))
	}
	return typed
}

// Faulty is whether something is wrong with the entry, which is then open.
func (r botRow) Faulty() bool {
	// Errors name members, such as products[3].price. The dot keeps products[3] from answering for
	// products[30].
	for path := range r.Errors {
		if path == r.At || strings.HasPrefix(path, r.At+".") {
			return true
		}
	}
	return false
}

// botForm reads what the page is about, and the profile. Saving begins with it too: a form is read
// into the profile as it is stored, so what the page does not show stays as it is.
func (v *visit) botForm() (p botPage, f botForm, err error) {
	if p.tenantPage, err = v.about("bot"); err != nil {
		return p, f, err
	}
	f.section = v.r.PathValue("section")
	// A shop begins with its products, and so on: what a customer asks about first.
	if f.section == "" {
		f.section = map[flowhq.Template]string{
			flowhq.BookingTemplate: "services", flowhq.EcommerceTemplate: "products",
		}[p.Tenant.Config.Template]
		if f.section == "" {
			f.section = "hours"
		}
	}
	// A section that does not exist is 404, rather than an empty form that could be saved.
	if !slices.Contains(botSections, f.section) {
		return p, f, notFound
	}
	f.find = v.r.Form.Get("find")
	f.from, _ = strconv.Atoi(v.r.Form.Get("from")) // what is no number begins at the first
	f.from = max(f.from, 0)
	err = v.get(v.tenantPath()+"/profile", &f.profile)
	p.Section, p.Sections, p.Find, p.From, p.Version = f.section, botSections, f.find, f.from,
		f.profile.Version
	return p, f, err
}

// bot shows a section of the form, and after a change what it changed.
func (v *visit) bot() error {
	p, f, err := v.botForm()
	if err != nil {
		return err
	}
	// The form shows what is stored, a page of it where a list is long.
	p.Values, p.More = f.values()
	// A list that is empty begins with a row to type into.
	if list := p.Listed(); list != "" && len(p.Rows(list)) == 0 && f.find == "" ||
		p.Section == "payments" && len(f.profile.Payments) == 0 {
		p.Added = 1
	}
	// What the bot cannot answer yet is the API's to find, which knows what each template needs.
	var gaps struct{ Missing []flowhq.FieldError }
	if err := v.get(v.tenantPath()+"/profile/missing", &gaps); err != nil {
		return err
	}
	p.Gaps, p.Same = v.gaps(f.profile, gaps.Missing), v.r.Form.Get("same") != ""
	// The address names the version that was just saved. Anything else there, such as a mistyped
	// number, shows the form without a comparison.
	if changed, err := strconv.ParseInt(v.r.Form.Get("changed"), 10, 64); err == nil &&
		changed > 0 {
		if err := v.whatChanged(&p, changed); err != nil {
			return err
		}
	}
	return v.showBot(http.StatusOK, p)
}

// whatChanged compares a version with the one before it.
func (v *visit) whatChanged(p *botPage, version int64) error {
	var before, after flowhq.Profile
	path := v.tenantPath() + "/profile/versions/"
	if err := v.get(path+strconv.FormatInt(version, 10), &after); err != nil {
		return err
	}
	// Before the first version a tenant has told nothing.
	if version > 1 {
		if err := v.get(path+strconv.FormatInt(version-1, 10), &before); err != nil {
			return err
		}
		p.Undo = version - 1
	}
	p.Changed, p.Changes = version, changesOf(before, after)
	return nil
}

// showBot answers with the form.
func (v *visit) showBot(status int, p botPage) error {
	title := v.say("bot.title")
	if !p.App {
		title = p.Tenant.Name
	}
	return v.show(status, "bot", p.section(), title, p)
}

// tell does what the form asks for: it saves, makes room for another entry, or plays a
// conversation. But for saving, nothing is stored, and what was typed stays in the form.
func (v *visit) tell() error {
	p, f, err := v.botForm()
	if err != nil {
		return err
	}
	// Numbers are refused here in the visitor's language. What the API refuses is in English.
	r := newFieldReader(v.r.PostForm, v.say("bot.wrong.whole"), v.say("bot.wrong.number"))
	next := f.typed(r)
	// From here on the page shows what was typed, and no longer what is stored.
	p.Values = v.r.PostForm
	// The version of the page on which it was typed, not the one that there is now.
	p.Version, _ = strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
	switch do := v.r.PostForm.Get("do"); do {
	case "add":
		p.Added = 1
		return v.showBot(http.StatusOK, p)
	case "try", "again":
		// The second button begins the conversation anew.
		return v.try(p, next, r, do == "again")
	default:
		// A form that names no button is one to save.
		return v.saveBot(p, f.profile.Version, next, r)
	}
}

// saveBot stores the profile.
func (v *visit) saveBot(p botPage, current int64, next flowhq.Profile, r *fieldReader) error {
	// A field that is no number would be zero in the profile, so nothing is sent while one is
	// wrong.
	if len(r.wrong) > 0 {
		p.Errors = r.wrong
		return v.showBot(http.StatusUnprocessableEntity, p)
	}
	// A first profile has no version to compare with: the API takes 0 for any. For any other, the
	// API refuses to overwrite a version that the page was not made of.
	next.Version = p.Version
	var saved flowhq.Profile
	err := v.api.Call(v.ctx(), http.MethodPut, v.tenantPath()+"/profile", next, &saved)
	// The API makes no new version of a profile that is the same.
	if err == nil && saved.Version == p.Version {
		return v.redirect(v.base() + "/bot/" + p.Section + "?" + v.place("same", "1"))
	}
	if err == nil {
		return v.redirect(v.base() + "/bot/" + p.Section + "?" +
			v.place("changed", strconv.FormatInt(saved.Version, 10)))
	}
	status := statusOf(err)
	switch status {
	case http.StatusPreconditionFailed, http.StatusConflict:
		// Whoever saves once more has read that somebody else did.
		p.Conflict, p.Version = true, current
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		p.Errors, p.Wrong = v.formErrors(r, err, "")
	default:
		// Such as 401, 403 and 404, for which the form is no help: they are pages of their own.
		return err
	}
	return v.showBot(status, p)
}

// place is the query that leads back to the same entries of a list.
func (v *visit) place(name, value string) string {
	q := url.Values{name: {value}}
	// A list comes back at the same search and the same page of it.
	for _, kept := range []string{"find", "from"} {
		if text := v.r.Form.Get(kept); text != "" && text != "0" {
			q.Set(kept, text)
		}
	}
	return q.Encode()
}

// formErrors are what the API says is wrong, by the form's fields, and what is wrong elsewhere.
// The paths of a preview's profile begin with prefix.
func (v *visit) formErrors(
	r *fieldReader, err error, prefix string,
) (byField map[string]string, whole string) {
	all, whole := v.fieldErrors(err)
	byField = map[string]string{}
	for path, text := range all {
		path = strings.TrimPrefix(path, prefix)
		field, ok := r.fieldOf(path)
		// What the page does not show is named in full.
		if !ok {
			whole = strings.TrimSpace(whole + " " + path + ": " + text)
			continue
		}
		// Several words share one field, and so do the errors of each.
		byField[field] = strings.TrimSpace(byField[field] + " " + text)
	}
	return byField, whole
}

// try plays the conversation so far with one more message, on what is typed into the form. The API
// plays all of it each time, since nothing of a try is kept between two requests.
func (v *visit) try(p botPage, next flowhq.Profile, r *fieldReader, again bool) error {
	said := v.r.PostForm["said"]
	if again {
		said = nil
	}
	if text := strings.TrimSpace(v.r.PostForm.Get("say")); text != "" {
		said = append(said, text)
	}
	// The oldest are forgotten first. What the bot asked then is forgotten with them.
	said = said[max(0, len(said)-maxTried):]
	// Without a message there is nothing to play, and what is no number must be put right first.
	if len(said) == 0 || len(r.wrong) > 0 {
		p.Errors = r.wrong
		return v.showBot(http.StatusOK, p)
	}
	in := struct {
		Messages []map[string]string `json:"messages"`
		Profile  flowhq.Profile      `json:"profile"`
	}{Profile: next}
	for _, text := range said {
		in.Messages = append(in.Messages, map[string]string{"text": text})
	}
	var out struct{ Turns []botTurn }
	err := v.post(v.tenantPath()+"/preview", in, &out)
	// A refused try has no turns.
	p.Turns = out.Turns
	if err == nil {
		return v.showBot(http.StatusOK, p)
	}
	// Any other refusal is not about what was typed, and is a page of its own.
	if s := statusOf(err); s != http.StatusUnprocessableEntity && s != http.StatusBadRequest {
		return err
	}
	p.Errors, p.TryWrong = v.formErrors(r, err, "profile.")
	// All errors may be beside fields. The conversation must still say why it has no answer.
	if p.TryWrong == "" {
		p.TryWrong = v.say("bot.try.wrong")
	}
	// What was said stays on the page, without answers. The last message is still in its field.
	for _, text := range said[:len(said)-1] {
		p.Turns = append(p.Turns, botTurn{Text: text})
	}
	return v.showBot(http.StatusOK, p)
}

// undo brings an older version of the profile back, as a new one.
func (v *visit) undo() error {
	p, _, err := v.botForm()
	if err != nil {
		return err
	}
	version := url.PathEscape(v.r.PathValue("version"))
	var saved flowhq.Profile
	if err := v.post(
		v.tenantPath()+"/profile/versions/"+version+"/restore", nil, &saved,
	); err != nil {
		return err
	}
	// The page that follows shows what is different, as after any other change.
	return v.redirect(p.Base + "/bot/" + p.Section + "?changed=" +
		strconv.FormatInt(saved.Version, 10))
}
