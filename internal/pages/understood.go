package pages

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// A reading is how the bot has read a message, for operators: in short beside the message, and in
// full when somebody points at it.
type reading struct{ Short, Full string }

// readingOf reads what the log keeps of how a message was understood. It is the zero value for a
// message that the bot did not read. What it does not know is left out, since an older or newer
// program may have written it.
func readingOf(understood json.RawMessage) reading {
	var u struct {
		Intents []struct {
			Name  string
			Score float64
		}
		Band, Language, Assistant string
		Acts                      []string
	}
	if len(understood) == 0 || json.Unmarshal(understood, &u) != nil {
		return reading{}
	}
	var r reading
	full := []string{}
	for i, intent := range u.Intents {
		// Scores go from 0 to 1. What lies outside was written by something else.
		percent := math.Round(100 * min(max(intent.Score, 0), 1))
		said := fmt.Sprintf("%s %.0f %%", inWords(intent.Name), percent)
		if i == 0 {
			r.Short = said
		}
		// The third guess rarely says anything.
		const most = 3
		if i < most {
			full = append(full, said)
		}
	}
	if len(u.Acts) > 0 {
		full = append(full, "taken for "+inWords(strings.Join(u.Acts, ", ")))
	}
	if u.Band != "" {
		full = append(full, u.Band)
	}
	if u.Language != "" {
		full = append(full, "in "+u.Language)
	}
	if u.Assistant != "" {
		full = append(full, "assistant "+u.Assistant)
	}
	// A message of which nothing scored was read, too, and operators look for just those.
	if r.Short == "" && len(full) > 0 {
		r.Short = "not understood"
		if len(u.Acts) > 0 {
			r.Short = inWords(u.Acts[0])
		}
	}
	r.Full = strings.Join(full, " · ")
	return r
}
