package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// tenantPath is where the API keeps a tenant. The id has been checked or comes from the API; it
// is escaped all the same.
func tenantPath(id flowhq.TenantID) string { return "/admin/tenants/" + url.PathEscape(string(id)) }

// maxPage is the most tenants or events that the API lists at a time.
const maxPage = 1000

// tenants returns at most limit tenants that the query selects, the newest first, and whether
// there are more. It reads page after page; the API's cursor stands on a tenant, so one that is
// created meanwhile neither repeats nor hides another.
func (l *line) tenants(
	ctx context.Context, query url.Values, limit int,
) (all []flowhq.Tenant, more bool, err error) {
	for {
		// Never more than is still wanted: with -limit 10 a page of a thousand is work for
		// nothing.
		query.Set("limit", strconv.Itoa(min(limit-len(all), maxPage)))
		var page struct {
			Tenants []flowhq.Tenant
			Next    string
		}
		path := "/admin/tenants?" + query.Encode()
		if err := l.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, false, err
		}
		all = append(all, page.Tenants...)
		if page.Next == "" || len(all) >= limit {
			return all, page.Next != "", nil
		}
		query.Set("cursor", page.Next) // opaque; only the API knows what it means
	}
}

// tenant reads the flags and the one other argument, and returns the tenant that it means. The
// flags are read before any request, so that wrong usage needs no API.
func (l *line) tenant(
	ctx context.Context, fs *flag.FlagSet, args []string,
) (t flowhq.Tenant, err error) {
	words, err := l.parse(fs, args, 1, 1)
	if err != nil {
		return t, err
	}
	return l.find(ctx, words[0])
}

// find returns the tenant that a word means: an id, a number, a name, or the beginning of the
// name of only one. A word that may mean two is an error: the next command may be "delete".
//
// The API's search finds a text anywhere in names, numbers and ids, which is why what it found
// is matched once more, here.
func (l *line) find(ctx context.Context, word string) (t flowhq.Tenant, err error) {
	// An id needs no search, and means one tenant even if another one has it for a name.
	if id := flowhq.TenantID(strings.ToLower(word)); id.Valid() {
		return t, l.call(ctx, http.MethodGet, tenantPath(id), nil, &t)
	}
	found, more, err := l.tenants(ctx, url.Values{"search": {word}}, maxPage)
	if err != nil {
		return t, err
	}
	if more { // the tenant that is meant, or a second one, may be among the rest
		return t, fmt.Errorf("more than %d tenants have the text %q; give the id or the number",
			maxPage, word)
	}
	matching := func(is func(flowhq.Tenant) bool) []flowhq.Tenant {
		return slices.DeleteFunc(slices.Clone(found), func(t flowhq.Tenant) bool { return !is(t) })
	}
	// The whole name comes before its beginning: "shop" is not "shop two".
	matches := matching(func(t flowhq.Tenant) bool {
		return t.PhoneNumber == word || t.Session.Number == word || strings.EqualFold(t.Name, word)
	})
	if len(matches) == 0 {
		matches = matching(func(t flowhq.Tenant) bool {
			return strings.HasPrefix(strings.ToLower(t.Name), strings.ToLower(word))
		})
	}
	// Of two that match none is guessed.
	switch len(matches) {
	case 0:
		return t, fmt.Errorf("there is no tenant %q", word)
	case 1:
		return matches[0], nil
	}
	return t, fmt.Errorf("%q may mean %d tenants, such as %s and %s: give the id",
		word, len(matches), matches[0].ID, matches[1].ID)
}

// list lists tenants. Without -json the reason of a session's state is the last column, as it
// is the longest and may wrap.
func (l *line) list(ctx context.Context, args []string) error {
	// One page of a person, and less than one of the API.
	const defaultLimit = 100
	fs := l.flags("list")
	query := url.Values{}
	for _, name := range []string{"status", "session", "template", "search"} {
		fs.Func(name, "only tenants of this `"+name+"`", func(s string) error {
			query.Set(name, s)
			return nil
		})
	}
	fs.BoolFunc("attention", "only tenants that a person should look at", func(s string) error {
		query.Set("attention", s)
		return nil
	})
	limit := fs.Int("limit", defaultLimit, "how many at most")
	inJSON := fs.Bool("json", false, "for programs")
	if _, err := l.parse(fs, args, 0, 0); err != nil {
		return err
	}
	all, more, err := l.tenants(ctx, query, max(*limit, 1))
	if err != nil {
		return err
	}
	if more {
		fmt.Fprintf(l.stderr, "these are the newest %d; there are more (-limit)\n", len(all))
	}
	if *inJSON {
		return asJSON(l.stdout, append([]flowhq.Tenant{}, all...)) // none is [], not null
	}
	// A filter that selects nobody leaves the heading alone, and is no error.
	rows := [][]string{{"NAME", "NUMBER", "TEMPLATE", "STATUS", "SESSION", "SINCE", "ID", "REASON"}}
	for _, t := range all {
		rows = append(rows, []string{
			t.Name, t.PhoneNumber, string(t.Config.Template), string(t.Status),
			string(t.Session.State), formatTime(t.Session.Since), string(t.ID), t.Session.Reason,
		})
	}
	return table(l.stdout, rows)
}

// create creates a tenant and prints its id alone, for scripts. It is not started: the number
// may still have to be told to whoever holds the phone, and codes to scan expire.
func (l *line) create(ctx context.Context, args []string) error {
	var n flowhq.NewTenant
	fs := l.flags("create")
	// The API checks the values, so that there is one place that knows what is valid.
	fs.StringVar(&n.Name, "name", "", "for operators")
	fs.StringVar(&n.PhoneNumber, "phone", "", "its number, such as +255712345678")
	fs.StringVar((*string)(&n.Template), "template", "", "BOOKING, ECOMMERCE or SUPPORT")
	fs.StringVar(&n.BusinessName, "business", "", "the name that customers know (default: -name)")
	fs.StringVar((*string)(&n.Language), "language", string(flowhq.English), "EN or SW")
	if _, err := l.parse(fs, args, 0, 0); err != nil {
		return err
	}
	// Customers read the business's name in every reply, so there must be one.
	if n.BusinessName == "" {
		n.BusinessName = n.Name
	}
	var t flowhq.Tenant
	// If the answer is lost the tenant may be there all the same. A second try is refused then,
	// as the number is taken.
	if err := l.call(ctx, http.MethodPost, "/admin/tenants", n, &t); err != nil {
		return err
	}
	fmt.Fprintln(l.stdout, t.ID)
	return nil
}

// show shows everything about one tenant, a line each. Limits are shown with what they are
// counted in, as the numbers alone would need the documents.
func (l *line) show(ctx context.Context, args []string) error {
	fs := l.flags("show")
	inJSON := fs.Bool("json", false, "for programs")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	if *inJSON {
		return asJSON(l.stdout, t)
	}
	// In the order of the questions: who is it, how does it answer, why is it not connected.
	c := t.Config
	return table(l.stdout, [][]string{
		{"id", string(t.ID)}, {"name", t.Name}, {"number", t.PhoneNumber},
		{"business", c.BusinessName},
		{"template", string(c.Template) + ", " + string(c.Language)},
		{"replies", fmt.Sprintf("at most %d a minute, and %d to a contact in %d minutes",
			c.RepliesPerMinute, c.RepliesPerContact, flowhq.ContactWindow/time.Minute)},
		{"answered", fmt.Sprintf("if not older than %v",
			time.Duration(c.AnswerWithinMinutes)*time.Minute)},
		{"kept for", fmt.Sprintf("%d days", c.RetentionDays)},
		{"status", string(t.Status)},
		{"session", string(t.Session.State) + " since " + formatTime(t.Session.Since)},
		{"reason", t.Session.Reason}, {"waits for", string(t.Session.WaitingFor)},
		{"next step", t.Session.NextStep}, {"tried again at", formatTimeIf(t.Session.RetryAt)},
		{"linked number", t.Session.Number}, {"last seen", formatTimeIf(t.Session.LastSeenAt)},
		{"host", string(t.Host.Status) + " since " + formatTime(t.Host.Since)},
		{"worker", t.Host.Worker}, {"hosts so far", strconv.FormatInt(t.Host.Epoch, 10)},
		{"last error", t.Host.LastError},
		{"created", formatTime(t.CreatedAt)},
	})
}

// maxNamed is how many tenants one command line may name. For more there is bulk, which paces
// them. Here each is one request after the other.
const maxNamed = 100

// command sends one command to each of the tenants. It fails if one of them refused, and the
// error names each that did; what the others accepted stays accepted.
func (l *line) command(ctx context.Context, command string, args []string) error {
	words, err := l.parse(l.flags(command), args, 1, maxNamed)
	if err != nil {
		return err
	}
	// All are found before the first is sent its command: a typing error in the last word
	// must not leave half of the work done.
	var found []flowhq.Tenant
	for _, word := range words {
		t, err := l.find(ctx, word)
		if err != nil {
			return err
		}
		found = append(found, t)
	}
	// One that refuses keeps nobody else from its command.
	var errs []error
	for _, t := range found {
		err := l.send(ctx, t, http.MethodPost, "/session/"+command)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.Name, err))
		}
		if _, away := isAway(err); away {
			break // it would not accept the others either, and each attempt takes long
		}
	}
	return errors.Join(errs...)
}

// send gives one command. What it prints says that the command is durable, not that it has been
// applied. A script that needs the effect waits for the session's state.
func (l *line) send(ctx context.Context, t flowhq.Tenant, method, path string) error {
	var accepted flowhq.TenantCommand
	if err := l.call(ctx, method, tenantPath(t.ID)+path, nil, &accepted); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "%s: %s accepted, command %d\n",
		oneLine(t.Name), accepted.Command, accepted.ID)
	return nil
}

// unmute has whoever wrote a message answered again. A contact is named by one of its messages,
// because a number in the path of a request would end up in the logs of proxies.
func (l *line) unmute(ctx context.Context, args []string) error {
	words, err := l.parse(l.flags("unmute"), args, 2, 2)
	if err != nil {
		return err
	}
	t, err := l.find(ctx, words[0])
	if err != nil {
		return err
	}
	path := tenantPath(t.ID) + "/logs/" + url.PathEscape(words[1]) + "/unmute"
	if err := l.call(ctx, http.MethodPost, path, nil, nil); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "%s: the writer of message %s is answered\n",
		oneLine(t.Name), oneLine(words[1]))
	return nil
}

// delete erases a tenant for good, which is why it wants a second word. The flag is asked for
// after the tenant was found, so that the refusal can name whom it would have erased. The work
// is done by the tenant's workflow after this returns: it has to unlink the phone first.
func (l *line) delete(ctx context.Context, args []string) error {
	fs := l.flags("delete")
	yes := fs.Bool("yes", false, "really")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	if !*yes {
		return fmt.Errorf("this unlinks the phone of %s (%s) and erases all its messages; "+
			"to do so, repeat it with -yes", t.Name, t.PhoneNumber)
	}
	return l.send(ctx, t, http.MethodDelete, "")
}
