package workflows

import "strings"

// Temporal's Web UI shows summaries and details as Markdown. It drops pictures and HTML from them,
// and keeps links and entities: a business that is called [Sign in](https://example.net) would be
// a link on the pages of operators, and one with &#8238; would be read from its end.

// markup are the characters that begin something within a line of Markdown. Without its brackets no
// link is left, so parentheses stay as they are.
const markup = "\\`*_[]<>#|~&"

// plain returns text that Markdown shows as it is. It is for whatever other people have written:
// names, and reasons that quote a server.
func plain(text string) string {
	var b strings.Builder
	for i, r := range text {
		// At its beginning, these would make the line a list or a heading.
		if strings.ContainsRune(markup, r) || i == 0 && strings.ContainsRune("-+=", r) {
			b.WriteByte('\\')
		}
		// A line break would end the row of a table, or begin anything.
		if r == '\n' || r == '\r' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
