package reply

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// TestPeopleTexts are of both languages, and the owner's own where there are such.
func TestPeopleTexts(t *testing.T) {
	en, sw := flowhq.Config{Language: flowhq.English}, flowhq.Config{Language: flowhq.Swahili}
	own := flowhq.Profile{Texts: map[string]flowhq.Text{
		"notice.silent":        {EN: "Your turn."},
		"handover.nobody_came": {EN: "{business} is asleep.", SW: "{business} imelala."},
	}}
	en.BusinessName, sw.BusinessName = "Blue Door", "Blue Door"
	for _, tt := range []struct{ got, want string }{
		{OwnerNotice(flowhq.Profile{}, en, "+255711000001", flowhq.HandOverAsked),
			"A customer (+255711000001) asked for a person. The bot is silent in that chat until you have written there.\nhttps://wa.me/255711000001"},
		{OwnerNotice(flowhq.Profile{}, sw, "", flowhq.HandOverAnger),
			"Mteja hajaridhika. Bot imenyamaza kwenye mazungumzo hayo hadi utakapojibu."},
		{OwnerNotice(own, en, "", flowhq.HandOverMissed),
			"A customer was not understood by the bot. Your turn."},
		{OwnerNotice(own, sw, "", "NEWER"),
			"Mteja anakusubiri. Bot imenyamaza kwenye mazungumzo hayo hadi utakapojibu."},
		{NobodyCame(own, en, ""), "Blue Door is asleep."},
		{NobodyCame(own, en, flowhq.Swahili), "Blue Door imelala."},
		{NobodyCame(flowhq.Profile{}, sw, ""),
			"Samahani, bado hakuna aliyeweza kukujibu. Ujumbe wako umefikishwa. Kwa sasa nipo tena kama naweza kusaidia."},
	} {
		if tt.got != tt.want {
			t.Errorf("%q; want %q", tt.got, tt.want)
		}
	}
	for _, why := range flowhq.HandOverReasons {
		for _, c := range []flowhq.Config{en, sw} {
			if got := OwnerNotice(flowhq.Profile{}, c, "", why); len(placeholders(got)) > 0 {
				t.Errorf("%s: %q has a placeholder", why, got)
			}
		}
	}
}
