package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// brokenFacts has a second page that never comes.
type brokenFacts struct{ *store.Store }

func (brokenFacts) Tickets(
	_ context.Context, _ flowhq.TenantID, f store.FactFilter,
) ([]flowhq.Ticket, int64, error) {
	if f.Before > 0 {
		return nil, 0, errors.New("the database is gone")
	}
	return []flowhq.Ticket{{Number: "K00001"}}, 1, nil
}

// book sends a booking of the tenant.
func (s *shop) book(body, key string, status int) answer {
	s.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		header.Set(keyHeader, key)
	}
	return s.send(call{method: "POST", path: s.path + "/bookings", body: body, header: header}, status)
}

// TestOperatorBooks: what a person books takes a slot that the bot then has not, and the other way
// round, unless it is forced.
func TestOperatorBooks(t *testing.T) {
	s := setup(t).open(barber)
	at := func(hour, minute int) string { return monday(hour, minute).Format("2006-01-02T15:04") }
	made := s.book(`{"contact":"`+amina+`","service":"kunyoa","starts_at":"`+at(10, 0)+
		`","name":"Amina"}`, "k1", 201)
	s.contains(made.json, `{"service": "haircut", "minutes": 30, "price": 10000, "currency": "TZS", "status": "CONFIRMED", "contact": "`+amina+`",
		"starts_at": "`+monday(10, 0).UTC().Format(time.RFC3339)+`", "ends_at": "`+monday(10, 30).UTC().Format(time.RFC3339)+`"}`)
	number := made.json.(node)["number"].(string)
	if got := made.Header.Get("Location"); got != s.path+"/bookings/"+number {
		t.Errorf("Location = %s", got)
	}
	again := s.book(`{"contact":"`+amina+`","service":"haircut","starts_at":"`+
		monday(10, 0).Format(time.RFC3339)+`","name":"Amina"}`, "k1", 201)
	if diff := gocmp.Diff(made.json, again.json); diff != "" {
		t.Errorf("repeated with its key (-first +second):\n%s", diff)
	}
	s.contains(s.book(`{"service":"haircut","starts_at":"`+at(11, 0)+`"}`, "k1", 409).json,
		`{"code": "conflict"}`)

	s.contains(s.book(`{"service":"haircut","starts_at":"`+at(10, 15)+`"}`, "", 409).json,
		`{"detail": "there is no room for this booking any more"}`)
	forced := s.book(`{"service":"haircut","starts_at":"`+at(10, 15)+`","force":true}`, "", 201).json.(node)
	if forced["contact"] != "" || forced["contact_id"] != 0.0 {
		t.Errorf("a walk-in is %v", forced)
	}
	// A note takes no room; another time does.
	path := "/bookings/" + forced["number"].(string)
	s.contains(s.do("PATCH", path, `{"note":"waits","name":"Juma"}`, 200).json,
		`{"note": "waits", "name": "Juma", "status": "CONFIRMED"}`)
	s.do("PATCH", path, `{"starts_at":"`+at(10, 20)+`"}`, 409)
	s.contains(s.do("PATCH", path, `{"starts_at":"`+at(10, 30)+`","minutes":45}`, 200).json,
		`{"minutes": 45, "ends_at": "`+monday(11, 15).UTC().Format(time.RFC3339)+`"}`)

	// The bot has no room where a person booked.
	s.sent++
	r, err := s.store.Receive(t.Context(), s.id, s.epoch,
		store.Inbound{LID: "9@lid", Kind: flowhq.KindText, Text: "book", WAID: "bot"})
	if err != nil || len(r.Conversation.Taken) != 2 {
		t.Fatalf("Receive = %+v, %v; want two times taken", r, err)
	}
	fact := held(monday(10, 45), "Bot")
	_, _, err = s.store.Answer(t.Context(), s.id, s.epoch, r.ID,
		store.Outcome{Status: flowhq.Answered, Facts: []flowhq.FactChange{fact}, Capacity: 1})
	if flowhq.ErrorCode(err) != flowhq.Conflict {
		t.Errorf("the bot books what is taken: %v", err)
	}

	for _, start := range []string{at(7, 45), at(19, 45),
		monday(10, 0).AddDate(0, 0, 6).Format("2006-01-02T15:04")} {
		got := s.book(`{"service":"haircut","starts_at":"`+start+`"}`, "", 409).json.(node)["detail"].(string)
		if !strings.Contains(got, "open 08:00 to 20:00") && !strings.Contains(got, "open not at all") {
			t.Errorf("outside the hours: %q", got)
		}
		s.book(`{"service":"haircut","starts_at":"`+start+`","force":true}`, "", 201)
	}
	s.do("PATCH", path, `{"starts_at":"`+at(21, 0)+`"}`, 409)
	s.do("PATCH", path, `{"status":"CANCELLED"}`, 200)
	s.do("PATCH", path, `{"starts_at":"`+at(12, 0)+`"}`, 409)
	s.book(`{"service":"haircut","starts_at":"`+at(10, 45)+`"}`, "", 201)

	// Amina writes from her number, and the bot knows her booking.
	r, err = s.store.Receive(t.Context(), s.id, s.epoch,
		store.Inbound{LID: "255711000001@lid", Number: amina, Kind: flowhq.KindText, Text: "cancel",
			WAID: "hers"})
	if err != nil || len(r.Conversation.Bookings) != 1 || r.Conversation.Bookings[0].Number != number {
		t.Errorf("Receive = %+v, %v; want her booking", r, err)
	}
	// One that is held is confirmed when it is moved.
	hold := flowhq.Reference(s.leave("+255711000003", held(monday(15, 0), "Neema")))
	s.contains(s.do("PATCH", "/bookings/"+hold, `{"note":"x"}`, 200).json, `{"status": "HELD"}`)
	s.contains(s.do("PATCH", "/bookings/"+hold,
		`{"starts_at":"`+at(16, 0)+`","service":"dye","price":7000}`, 200).json,
		`{"status": "CONFIRMED", "held_until": null, "service": "dye", "price": 7000, "minutes": 30}`)
}

// TestOperatorsBookAtOnce: of several requests at once for one slot, one gets it; those with one
// key are one.
func TestOperatorsBookAtOnce(t *testing.T) {
	s := setup(t).open(barber)
	const callers = 8
	for _, key := range []string{"", "same"} {
		hour := 9 + len(key)
		codes := make(chan int, callers)
		for range callers {
			go func() {
				q, _ := http.NewRequestWithContext(t.Context(), "POST", s.url+s.path+"/bookings",
					strings.NewReader(`{"service":"haircut","starts_at":"`+
						monday(hour, 0).Format("2006-01-02T15:04")+`"}`))
				q.SetBasicAuth("", password)
				q.Header.Set("Content-Type", "application/json")
				if key != "" {
					q.Header.Set(keyHeader, key)
				}
				p, err := http.DefaultClient.Do(q)
				if err != nil {
					codes <- 0
					return
				}
				p.Body.Close()
				codes <- p.StatusCode
			}()
		}
		count := map[int]int{}
		for range callers {
			count[<-codes]++
		}
		want := map[int]int{201: 1, 409: callers - 1}
		if key != "" {
			want = map[int]int{201: callers}
		}
		if diff := gocmp.Diff(want, count); diff != "" {
			t.Errorf("key %q (-want +got):\n%s", key, diff)
		}
	}
	if got := members(s.do("GET", "/bookings", "", 200), "bookings", "id"); len(got) != 2 {
		t.Errorf("%d bookings; want one of each", len(got))
	}
}

// TestQuestions: questions of one wording are one, and an answer is the profile's and theirs at
// once.
func TestQuestions(t *testing.T) {
	s := setup(t).open(barber)
	s.leave(amina, asked("Do you cut children's hair?"))
	s.leave("+255711000002", asked("do you cut  children's hair"))
	s.leave(amina, asked("Is there parking?"))
	s.leave(amina, asked("Parking?"))
	list := s.do("GET", "/unanswered", "", 200)
	if got := members(list, "unanswered", "text"); !slices.Equal(got,
		[]string{"Parking?", "Is there parking?", "do you cut  children's hair"}) {
		t.Errorf("unanswered: %v", got)
	}
	ids := members(list, "unanswered", "id")
	s.contains(s.do("GET", "/unanswered/"+ids[2], "", 200).json,
		`{"questions": 2, "contacts": 2, "language": "EN", "intents": ["price"], "status": "OPEN"}`)
	next := s.do("GET", "/unanswered?limit=2", "", 200).json.(node)["next"].(string)
	if got := members(s.do("GET", "/unanswered?limit=2&before="+next, "", 200), "unanswered",
		"id"); !slices.Equal(got, ids[2:]) {
		t.Errorf("the second page has %v; want %v", got, ids[2:])
	}
	for _, path := range []string{"?text=CHILDREN", "?contact=%2B255711000002"} {
		if got := members(s.do("GET", "/unanswered"+path, "", 200), "unanswered",
			"id"); !slices.Equal(got, ids[2:]) {
			t.Errorf("GET unanswered%s: %v", path, got)
		}
	}

	answer := "/unanswered/" + ids[2] + "/answer"
	for body, fields := range map[string][]string{
		`{}`:                                    {"answer"},
		`{"answer":{}}`:                         {"answer"},
		`{"answer":"yes"}`:                      {"answer"},
		`{"answer":{"fr":"oui"}}`:               {"answer", "answer.fr"},
		`{"answer":{"en":"yes","sw":7}}`:        {"answer.sw"},
		`{"questions":"x","answer":{"en":"y"}}`: {"questions"},
		`{"questions":["` + strings.Repeat("x", 301) + `"],"answer":{"en":"y"}}`: {"questions[0]"},
		`{"questions":["a","A"],"answer":{"en":"y"}}`:                            {"questions[1]"},
		`{"answer":{"en":"` + strings.Repeat("x", 5000) + `"}}`:                  {"answer.en"},
	} {
		if got := sorted(s.do("POST", answer, body, 400).fields()); !slices.Equal(got, fields) {
			t.Errorf("POST %.60s: wrong fields %v; want %v", body, got, fields)
		}
	}
	s.contains(s.do("GET", "/profile", "", 200).json, `{"version": 1, "answers": []}`)
	body := `{"questions":["Do you cut children's hair?","Mnanyoa watoto?"],"answer":{"en":"Yes.","sw":"Ndiyo."}}`
	first := s.do("POST", answer, body, 200)
	s.contains(first.json, `{"version": 2, "question": {"status": "RESOLVED", "questions": 2}, "answer": {"answer": {"en": "Yes.", "sw": "Ndiyo."}}}`)
	if again := s.do("POST", answer, body, 200); gocmp.Diff(first.json, again.json) != "" ||
		first.Header.Get("ETag") != `"2"` {
		t.Errorf("repeated: %s; want %s", again.body, first.body)
	}
	s.do("POST", answer, `{"answer":{"en":"No."}}`, 409)
	s.contains(s.do("GET", "/profile/versions", "", 200).json.(node)["versions"].([]any)[0],
		`{"version": 2, "actor": "admin (127.0.0.1)", "reason": "answer to a question"}`)

	// The owner's wording may be the customer's.
	s.contains(s.do("POST", "/unanswered/"+ids[0]+"/answer", `{"answer":{"sw":"Ipo."}}`, 200).json,
		`{"version": 3, "answer": {"questions": ["Parking?"]}}`)
	s.do("PATCH", "/unanswered/"+ids[0], `{"status":"DISMISSED"}`, 409)
	s.do("PATCH", "/unanswered/"+ids[0], `{"status":"RESOLVED"}`, 400)
	s.contains(s.do("PATCH", "/unanswered/"+ids[0], `{"status":"OPEN"}`, 200).json, `{"status": "OPEN"}`)
	got := s.do("POST", "/unanswered/"+ids[0]+"/answer", `{"answer":{"en":"There is."}}`, 400)
	if !slices.Equal(got.fields(), []string{"questions[0]"}) {
		t.Errorf("a wording that has an answer: %s", got.body)
	}
	s.contains(s.do("PATCH", "/unanswered/"+ids[1], `{"status":"DISMISSED"}`, 200).json,
		`{"status": "DISMISSED"}`)
	s.do("POST", "/unanswered/"+ids[1]+"/answer", `{"answer":{"en":"x"}}`, 409)
	if got := members(s.do("GET", "/unanswered?status=DISMISSED", "", 200), "unanswered",
		"id"); !slices.Equal(got, ids[1:2]) {
		t.Errorf("dismissed: %v", got)
	}
	want := []string{"admin (127.0.0.1): question " + ids[1] + " DISMISSED",
		"admin (127.0.0.1): question " + ids[0] + " OPEN",
		"admin (127.0.0.1): question " + ids[0] + " RESOLVED",
		"admin (127.0.0.1): question " + ids[2] + " RESOLVED"}
	if diff := gocmp.Diff(want, s.events(flowhq.EventFactChanged)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestContacts: chats are handed over, given back and left alone, and the store and the lists say
// so.
func TestContacts(t *testing.T) {
	s := setup(t).open(barber)
	first := s.leave(amina)
	s.leave("+255711000002")
	ids := members(s.do("GET", "/contacts", "", 200), "contacts", "id")
	juma, her := "/contacts/"+ids[0], "/contacts/"+ids[1]
	standing := func() store.Conversation {
		c, err := s.store.Conversation(t.Context(), s.id, first)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	listed := func(query string, want ...string) {
		t.Helper()
		if got := members(s.do("GET", "/contacts?"+query, "", 200), "contacts",
			"id"); !slices.Equal(got, want) {
			t.Errorf("contacts with %s: %v; want %v", query, got, want)
		}
	}

	handed := s.do("POST", her+"/hand-over", `{"reason":"the wedding","minutes":60}`,
		200).json.(node)["hand_over"].(node)
	s.contains(handed, `{"reason": "OPERATOR", "note": "the wedding", "status": "OPEN"}`)
	if until, _ := time.Parse(time.RFC3339,
		handed["until"].(string)); time.Until(until) > time.Hour || time.Until(until) < 59*time.Minute {
		t.Errorf("until %v; want in an hour", until)
	}
	if !standing().HandedOver {
		t.Error("the bot would answer")
	}
	listed("handed_over=true", ids[1])
	listed("handed_over=false", ids[0])
	s.contains(s.do("POST", her+"/hand-over", `{"minutes":0}`, 200).json,
		`{"hand_over": {"until": null, "note": "the wedding"}}`)
	s.contains(s.do("POST", her+"/give-back", "", 200).json, `{"hand_over": null}`)
	s.do("POST", her+"/give-back", "", 200)
	if standing().HandedOver {
		t.Error("the bot would not answer")
	}
	s.do("POST", her+"/hand-over", "", 200) // for as long as the profile says
	if got := s.events(flowhq.EventGivenBack); len(got) != 1 {
		t.Errorf("GIVEN_BACK: %v", got)
	}

	s.contains(s.do("PUT", juma+"/left-alone", `{"left_alone":true}`, 200).json, `{"left_alone": "LISTED"}`)
	s.do("PUT", juma+"/left-alone", `{"left_alone":true}`, 200)
	listed("left_alone=true", ids[0])
	s.contains(s.do("PUT", juma+"/left-alone", `{"left_alone":false}`, 200).json, `{"left_alone": ""}`)
	listed("left_alone=true")
	added := s.do("POST", "/contacts", `{"number":"+255711000009","left_alone":true}`, 201)
	s.contains(added.json, `{"number": "+255711000009", "left_alone": "LISTED", "name": "", "hand_over": null}`)
	if got := added.Header.Get("Location"); !strings.HasPrefix(got, s.path+"/contacts/") {
		t.Errorf("Location = %s", got)
	}
	s.contains(s.do("POST", "/contacts", `{"number":"+255711000009"}`, 200).json, `{"left_alone": "LISTED"}`)
	r, err := s.store.Receive(t.Context(), s.id, s.epoch,
		store.Inbound{LID: "77@lid", Number: "+255711000009", Kind: flowhq.KindText, Text: "hi",
			WAID: "mother"})
	if err != nil || !r.Conversation.LeftAlone {
		t.Errorf("Receive = %+v, %v; want the contact left alone", r, err)
	}
	if _, err := s.store.Mute(t.Context(), s.id, s.epoch, first, time.Hour, "writes a lot"); err != nil {
		t.Fatal(err)
	}
	listed("muted=true", ids[1])
	s.contains(s.do("PUT", her+"/muted", `{"minutes":0}`, 200).json, `{"muted_until": null}`)
	s.do("PUT", her+"/muted", `{"minutes":0}`, 200) // is no second event
	listed("muted=true")
	if until := s.do("PUT", juma+"/muted", `{"minutes":60}`, 200).json.(node)["muted_until"]; until == nil {
		t.Error("juma is not muted")
	}
	listed("muted=true", ids[0])
	if muted, answered := s.events(flowhq.EventContactMuted),
		s.events(flowhq.EventContactUnmuted); len(muted) != 2 || len(answered) != 1 {
		t.Errorf("CONTACT_MUTED: %v, CONTACT_UNMUTED: %v", muted, answered)
	}
	listed("text=711000002", ids[0])
	listed("text=+255711000002", ids[0])
	if got := s.events(flowhq.EventContactLeftAlone); len(got) != 2 {
		t.Errorf("CONTACT_LEFT_ALONE: %v", got)
	}

	for _, tt := range []struct {
		method, path, body string
		status             int
		fields             []string
	}{
		{"POST", her + "/hand-over", `{"minutes":-1}`, 400, []string{"minutes"}},
		{"POST", her + "/hand-over", `{"minutes":43201,"reason":"` + strings.Repeat("x", 501) +
			`","note":"x"}`, 400, []string{"minutes", "note", "reason"}},
		{"POST", her + "/give-back", `{"now":true}`, 400, []string{"now"}},
		{"PUT", her + "/left-alone", `{}`, 400, []string{"left_alone"}},
		{"PUT", her + "/muted", `{}`, 400, []string{"minutes"}},
		{"PUT", her + "/muted", `{"minutes":-1}`, 400, []string{"minutes"}},
		{"PUT", her + "/muted", `{"minutes":43201}`, 400, []string{"minutes"}},
		{"PUT", her + "/muted", `{"minutes":"x"}`, 400, []string{"minutes"}},
		{"PUT", her + "/left-alone", `{"left_alone":"yes"}`, 400, []string{"left_alone"}},
		{"POST", "/contacts", `{}`, 400, []string{"number"}},
		{"POST", "/contacts", `{"number":"0711000001","left_alone":1}`, 400,
			[]string{"left_alone", "number"}},
		{"POST", her + "/messages", `{}`, 400, []string{"text"}},
		{"POST", her + "/messages", `{"text":" \n "}`, 400, []string{"text"}},
		{"POST", her + "/messages", `{"text":"` + strings.Repeat("x", 4097) + `"}`, 400, []string{"text"}},
		{"POST", her + "/messages", `{"text":"a\u0000b","media":"x"}`, 400, []string{"media", "text"}},
		{"GET", "/contacts?handed_over=1&muted=&left_alone=no&before=x&limit=0&who=x", "", 400,
			[]string{"before", "handed_over", "left_alone", "limit", "muted", "who"}},
		{"GET", "/contacts/0", "", 404, nil},
		{"GET", "/contacts/+255711000001", "", 404, nil},
	} {
		if got := sorted(s.do(tt.method, tt.path, tt.body, tt.status).fields()); !slices.Equal(got,
			tt.fields) {
			t.Errorf("%s %s %.50s: wrong fields %v; want %v", tt.method, tt.path, tt.body, got, tt.fields)
		}
	}
}

// TestWriteAsTheBusiness: a message is in the log once, to be sent, and hands the chat over.
func TestWriteAsTheBusiness(t *testing.T) {
	s := setup(t).open(barber)
	s.leave(amina)
	id := members(s.do("GET", "/contacts", "", 200), "contacts", "id")[0]
	write := func(text, key string, status int) answer {
		t.Helper()
		return s.send(call{method: "POST", path: s.path + "/contacts/" + id + "/messages",
			body:   `{"text":"` + text + `"}`,
			header: http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}}, status)
	}
	first := write("It is ready. Karibu! 🙂", "k1", 202)
	s.contains(first.json, `{"kind": "OPERATOR", "status": "PENDING", "direction": "OUT", "contact_id": `+id+`, "contact": "`+amina+`", "text": "It is ready. Karibu! 🙂"}`)
	if again := write("It is ready. Karibu! 🙂", "k1", 202); gocmp.Diff(first.json, again.json) != "" {
		t.Errorf("repeated: %s", again.body)
	}
	write("Something else", "k1", 409)
	unsent, err := s.store.Unsent(t.Context(), s.id, 0, 10)
	if err != nil || len(unsent) != 2 { // the bot's reply to "hello" is the other one
		t.Errorf("unsent: %+v, %v", unsent, err)
	}
	s.contains(s.do("GET", "/contacts/"+id, "", 200).json,
		`{"hand_over": {"reason": "OPERATOR", "contact_id": `+id+`}}`)
	if got := s.events(flowhq.EventMessageWritten); len(got) != 1 {
		t.Errorf("MESSAGE_WRITTEN: %v", got)
	}
	if got := members(s.do("GET", "/logs?status=PENDING", "", 200), "logs",
		"kind"); !slices.Contains(got, "OPERATOR") {
		t.Errorf("the log has %v", got)
	}
}
