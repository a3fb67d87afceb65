package reply

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// TestInsurerTakenIsNeverMissing asks for each insurer that the clinic takes, beside many other
// words: none is ever said to be missing. A patient would go elsewhere.
func TestInsurerTakenIsNeverMissing(t *testing.T) {
	know := Compile(demo.Profile(demo.Clinic), demo.Config(demo.Clinic))
	missing := []string{"sioni", "haimo", "not among those", "on that list"}
	for _, name := range []string{"NHIF", "Jubilee", "jubilee", "Strate" + "gis", "strategies"} {
		for i, sentence := range []string{
			"aje na nini? na mnafanya bima ya %s", "do you take %s", "nije na nini, %s card inakubalika?",
			"what should i bring and can i use my %s card", "bima gani mnapokea, %s ipo?",
			"nina %s, naweza kutumia kwa daktari wa meno", "hi, i have %s insurance, how much is the dentist",
			"kipimo cha damu nalipa kwa %s inawezekana?", "je %s mnafanya nayo kazi au la", "naweza kulipa na m-pesa au %s",
			"do you have insurance for children? its %s", "nalipa cash au kwa kadi ya bima ya %s?",
		} {
			text := fmt.Sprintf(sentence, name)
			turn := Decide(Input{Message: Message{Text: text, Kind: flowhq.KindText, At: morning}, Knowledge: know,
				Reference: flowhq.Reference(int64(i))})
			for _, word := range missing {
				if strings.Contains(turn.Reply, word) {
					t.Errorf("%q is answered %q", text, turn.Reply)
				}
			}
		}
	}
}
