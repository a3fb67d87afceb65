package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/flowhq/flowhq"
)

// bulk runs a command that is about many tenants. The server sends the commands one by one at a
// pace, so this process may end meanwhile. It takes flowhq.BulkCommands alone: after a relink
// of many tenants somebody would have to scan a code with each of their phones.
func (l *line) bulk(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprintln(l.stderr, "flowhq tenants bulk: which one? "+
			"start, stop, restart, list, watch or cancel")
		return errUsage
	}
	verb, args := args[0], args[1:]
	switch verb {
	case "start", "stop", "restart":
		return l.startBulk(ctx, verb, args)
	case "list":
		return l.listBulks(ctx, args)
	case "watch":
		words, err := l.parse(l.flags("bulk watch"), args, 1, 1)
		if err != nil {
			return err
		}
		return l.watch(ctx, words[0])
	case "cancel":
		return l.cancelBulk(ctx, args)
	case "help", "-h", "--help":
		fmt.Fprint(l.stdout, usage)
		return nil
	}
	fmt.Fprintf(l.stderr, "flowhq tenants bulk: unknown command %q\n\n%s", verb, usage)
	return errUsage
}

// bulkPath is where the API keeps a bulk. The id is what somebody typed, so it is escaped: a
// slash in it must not lead to another resource.
func bulkPath(id string) string { return "/admin/bulk/" + url.PathEscape(id) }

// startBulk starts a bulk and follows it. Without any filter the API refuses it: to mean every
// tenant, one has to say so. The API checks the values of the filter as well, so that a status
// that does not exist is an error and not an empty selection.
//
// If the answer is lost, the bulk may run all the same; "bulk list" tells.
func (l *line) startBulk(ctx context.Context, command string, args []string) error {
	fs := l.flags("bulk " + command)
	filter := map[string]any{}
	// The names of the flags are the fields of the filter in the API.
	for _, name := range []string{"status", "session", "template", "search"} {
		fs.Func(name, "only tenants of this `"+name+"`", func(s string) error {
			filter[name] = s
			return nil
		})
	}
	fs.BoolFunc("all", "every tenant", func(string) error {
		filter["all"] = true
		return nil
	})
	// defaultPace leaves the other half of what one worker connects in a second, 20 unless
	// CONNECTS_PER_SECOND says otherwise, to sessions that come back by themselves.
	const defaultPace = 10
	pace := fs.Int("per-second", defaultPace, "how many commands to send in a second")
	if _, err := l.parse(fs, args, 0, 0); err != nil {
		return err
	}
	var b flowhq.Bulk
	// A flag that was not given is a field that is not there, and not an empty one.
	request := map[string]any{"command": command, "filter": filter, "per_second": *pace}
	if err := l.call(ctx, http.MethodPost, "/admin/bulk", request, &b); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "bulk %s: %s of %d tenants. "+
		"It goes on without this command; \"bulk cancel\" ends it.\n", b.ID, b.Command, b.Matched)
	// The bulk runs on the server by now. A Ctrl-C ends only the watching.
	return l.watch(ctx, b.ID)
}

// watch shows how far a bulk has come until it ends, and fails unless every tenant was sent its
// command. A line is printed only when a count has changed, so that a log of a script that
// watches an hour of a slow bulk stays readable.
func (l *line) watch(ctx context.Context, id string) error {
	shown := -1 // commands, when progress was last printed
	return l.follow(ctx, func() (ended bool, err error) {
		var b flowhq.Bulk
		if err := l.call(ctx, http.MethodGet, bulkPath(id), nil, &b); err != nil {
			return false, err
		}
		// The end is shown in any case, as it is what people wait for.
		if done := b.Sent + b.Failed; done != shown || b.State != flowhq.BulkRunning {
			l.progress(b)
			shown = done
		}
		// The exit code says whether every tenant has its command, for scripts that wait.
		switch {
		case b.State == flowhq.BulkRunning:
			return false, nil
		case b.State == flowhq.BulkDone && b.Failed == 0:
			return true, nil
		case b.State == flowhq.BulkDone:
			return true, fmt.Errorf("%d tenants are gone by now or could not be sent the command; "+
				"the workers' logs name the latter", b.Failed)
		default:
			return true, fmt.Errorf("bulk %s was %s", b.ID, b.State)
		}
	})
}

// progress prints how far a bulk has come. Sent and failed together are the tenants that were
// tried; the rest of the matched ones still waits.
func (l *line) progress(b flowhq.Bulk) {
	fmt.Fprintf(l.stdout, "%s: %d of %d sent, %d failed\n", b.State, b.Sent, b.Matched, b.Failed)
}

// cancelBulk ends a bulk. The commands that it has sent are not taken back, which is why the
// counts are printed: they say how many tenants have theirs. A bulk that has ended already is
// left as it is, and its state is printed.
func (l *line) cancelBulk(ctx context.Context, args []string) error {
	words, err := l.parse(l.flags("bulk cancel"), args, 1, 1)
	if err != nil {
		return err
	}
	var b flowhq.Bulk
	if err := l.call(ctx, http.MethodDelete, bulkPath(words[0]), nil, &b); err != nil {
		return err
	}
	l.progress(b)
	return nil
}

// listBulks lists the bulks that the API still knows, the newest first. The API shows 20 unless
// it is asked for more, which is enough to find the id of one that was begun today.
func (l *line) listBulks(ctx context.Context, args []string) error {
	if _, err := l.parse(l.flags("bulk list"), args, 0, 0); err != nil {
		return err
	}
	var list struct{ Bulks []flowhq.Bulk }
	if err := l.call(ctx, http.MethodGet, "/admin/bulk", nil, &list); err != nil {
		return err
	}
	rows := [][]string{{"BEGAN", "COMMAND", "STATE", "SENT", "FAILED", "MATCHED", "ID"}}
	for _, b := range list.Bulks {
		rows = append(rows, []string{
			formatTime(b.StartedAt), string(b.Command), string(b.State),
			strconv.Itoa(b.Sent), strconv.Itoa(b.Failed), strconv.Itoa(b.Matched), b.ID,
		})
	}
	return table(l.stdout, rows)
}
