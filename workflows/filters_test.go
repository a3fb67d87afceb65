package workflows

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/session"
)

// filters are what operators type into the Web UI's list, and whom they find among the
// tenants of TestFilters. Those with a question are in the README.
var filters = map[string][]string{
	`AttentionNeeded = true AND ExecutionStatus = "Running"`:                               {"banned", "unlinked"},
	`Template = "BOOKING" AND SessionState != "CONNECTED" AND ExecutionStatus = "Running"`: {"stopped", "unlinked"},
	`Worker STARTS_WITH "worker@box7" AND ExecutionStatus = "Running"`:                     {"banned", "first"},
	`SessionState = "LOGGED_OUT" AND ExecutionStatus = "Running"`:                          {"unlinked"},
	`TenantName = "second"`:                                             {"second"},
	`TenantName STARTS_WITH "s"`:                                        {"second", "stopped"},
	`TenantId = "6c1f0c1e-8a3e-4f43-9d1c-000000000000"`:                 {"first"},
	`Template = "SUPPORT"`:                                              {"banned"},
	`Worker = "worker@box8-def"`:                                        {"second"},
	`LastEnding = "BANNED" AND SessionState = "BANNED"`:                 {"banned"},
	`SessionState IN ("CONNECTED", "BANNED") AND Template != "SUPPORT"`: {"first", "second"},
}

// TestFilters asks a real server for everything that the README promises.
func TestFilters(t *testing.T) {
	s := newStage(t, suggestEarly(50)...)
	n := 0
	tenant := func(name string, template flowhq.Template) *star {
		id := fmt.Sprintf("6c1f0c1e-8a3e-4f43-9d1c-%012d", n)
		n++
		star := s.tenant(id)
		star.Name, star.Config.Template = name, template
		s.of(star.ID).change(func(s *activities.Snapshot) { s.Name, s.Template = name, template })
		star.send(flowhq.Start)
		return star
	}
	onHost := func(star *star, worker string) *actor {
		a := star.host(1)
		r := session.Report{Epoch: 1, Worker: worker, Transition: flowhq.Transition{State: flowhq.Connected}}
		if err := s.control.Report(t.Context(), star.ID, r); err != nil {
			t.Fatal(err)
		}
		star.becomes(flowhq.Connected)
		return a
	}
	onHost(tenant("first", flowhq.BookingTemplate), "worker@box7-abc")
	onHost(tenant("second", flowhq.EcommerceTemplate), "worker@box8-def")
	banned := tenant("banned", flowhq.SupportTemplate)
	onHost(banned, "worker@box7-abc").end <- ends(flowhq.EndBanned, "banned by WhatsApp")
	banned.settles("banned by WhatsApp")
	stopped := tenant("stopped", flowhq.BookingTemplate)
	stopped.host(1)
	stopped.send(flowhq.Stop)
	stopped.settles("stopped by an operator")
	unlinked := tenant("unlinked", flowhq.BookingTemplate)
	for i := 1; ; i++ { // until earlier runs are in the list
		unlinked.host(i).end <- ends(flowhq.EndLoggedOut, "unlinked on the phone")
		unlinked.settles("unlinked on the phone")
		if len(s.runs(workflowID(unlinked.ID))) > 1 {
			break
		}
		unlinked.send(flowhq.Start)
	}
	for query, want := range filters {
		var got []string
		s.until(query, func() bool { // the list is a moment behind
			got = s.named(query)
			return slices.Equal(got, want)
		})
	}
}

// named lists the tenants that a filter finds, by name.
func (s *stage) named(query string) (names []string) {
	s.Helper()
	page, err := s.temporal.ListWorkflow(s.Context(),
		&workflowservice.ListWorkflowExecutionsRequest{Query: query})
	if err != nil {
		s.Fatalf("%s: %v", query, err)
	}
	for _, e := range page.GetExecutions() {
		var name string
		if err := converter.GetDefaultDataConverter().FromPayload(e.GetSearchAttributes().GetIndexedFields()[tenantNameKey.GetName()], &name); err != nil {
			s.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestREADMEShowsFilters keeps the README's filters among those that are tested.
func TestREADMEShowsFilters(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, m := range regexp.MustCompile("`([^`]* = [^`]*)`").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(m[1], "ExecutionStatus") {
			shown = append(shown, m[1])
		}
	}
	if len(shown) != 3 {
		t.Errorf("the README shows %d filters; want 3", len(shown))
	}
	for _, query := range shown {
		if filters[query] == nil {
			t.Errorf("%s is not tested, but only\n%s", query,
				cmp.Diff(nil, slices.Sorted(maps.Keys(filters))))
		}
	}
}
