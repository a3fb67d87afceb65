package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/flowhq/flowhq"
)

// handOvers shows the chats of a tenant that wait for a person, the newest first. A customer is
// named by number and by the id of the contact, which give-back takes.
func (l *line) handOvers(ctx context.Context, args []string) error {
	fs := l.flags("handovers")
	n := fs.Int("n", defaultNewest, "how many hand-overs")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	var list struct {
		HandOvers []flowhq.HandOver `json:"handovers"`
	}
	// One that is over by its time is not OPEN, though nobody may have ended it.
	path := fmt.Sprintf("%s/handovers?status=OPEN&limit=%d", tenantPath(t.ID),
		min(max(*n, 1), maxPage))
	if err := l.call(ctx, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	rows := [][]string{{"CONTACT", "NUMBER", "SINCE", "UNTIL", "REASON", "NOTE"}}
	for _, h := range list.HandOvers {
		rows = append(rows, []string{
			fmt.Sprint(h.ContactID), h.Contact, formatTime(h.At), formatTimeIf(h.Until),
			string(h.Reason), h.Note,
		})
	}
	return table(l.stdout, rows)
}

// giveBack has the bot answer a chat again that a person answered. The id of the contact is in
// the first column of handOvers. To give a chat back that nobody holds changes nothing.
func (l *line) giveBack(ctx context.Context, args []string) error {
	words, err := l.parse(l.flags("give-back"), args, 2, 2)
	if err != nil {
		return err
	}
	t, err := l.find(ctx, words[0])
	if err != nil {
		return err
	}
	// The id is what somebody typed, so it is escaped.
	path := tenantPath(t.ID) + "/contacts/" + url.PathEscape(words[1]) + "/give-back"
	if err := l.call(ctx, http.MethodPost, path, nil, nil); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "%s: the bot answers contact %s\n", oneLine(t.Name), oneLine(words[1]))
	return nil
}
