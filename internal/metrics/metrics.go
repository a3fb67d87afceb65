// Package metrics holds what a process counts, as named Prometheus metrics. They are
// fields of structs that are handed down. There is no global registry, so two workers in
// one test do not count together.
//
// No label names a tenant or a customer: there may be thousands, each a time series of its
// own in Prometheus, and the log and the API say more about one of them.
package metrics

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/common/expfmt"

	"github.com/flowhq/flowhq"
)

// A Registry is all that one process counts. The program makes one and hands it down.
type Registry struct{ *prometheus.Registry }

// NewRegistry returns a Registry that holds what is known of any Go process, such as its
// memory and its goroutines.
func NewRegistry() Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return Registry{r}
}

// Text returns everything that is registered in Prometheus' text format, and its media
// type. Both servers that show metrics use it: that of a worker, which has no password, and
// the API, where they are behind the admin password. An error is a bug of this program, about
// which a scraper can do nothing; the servers log it.
func (r Registry) Text() (text []byte, mediaType string, err error) {
	families, err := r.Gather()
	if err != nil {
		return nil, "", fmt.Errorf("gather metrics: %w", err)
	}
	// The plain format, which every scraper reads. None of these needs what newer ones have.
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	var b bytes.Buffer
	e := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := e.Encode(f); err != nil {
			return nil, "", fmt.Errorf("encode metrics: %w", err)
		}
	}
	return b.Bytes(), string(format), nil
}

// A Worker is what a worker process counts.
type Worker struct {
	Sessions    *prometheus.GaugeVec   // hosted in this process, by state
	SessionEnds *prometheus.CounterVec // by ending: see flowhq.Ending
	LeasesLost  prometheus.Counter     // to a newer host, or because the database was away
	Capacity    prometheus.Gauge       // sessions that this process may host
	Slots       prometheus.Gauge       // hosts that run, connected or not; at most Capacity

	// A message is received once and handled once, so what lies between the two counters is
	// what waits.
	Received     prometheus.Counter     // messages of customers, recorded for the first time
	Handled      *prometheus.CounterVec // by outcome: see Outcomes
	Muted        prometheus.Counter     // contacts that wrote like a program
	Delayed      prometheus.Counter     // replies that had to wait for the tenant's limit
	Sent         prometheus.Counter     // replies and warnings that WhatsApp acknowledged
	SendsUnknown prometheus.Counter     // attempts to send whose outcome nobody knows
	// AssistantRequests counts calls of a language model, AssistantResults what became of its
	// suggestions: accepted, refused_<reason> or failed_<reason>.
	AssistantRequests prometheus.Counter
	AssistantResults  *prometheus.CounterVec
	// ReplySeconds is from receiving a message to WhatsApp's acknowledgement of its reply.
	ReplySeconds prometheus.Histogram

	// tally has the same of messages and replies, for the charts; see TakeTraffic.
	tally tally
}

// Outcomes are the values of the label of Worker.Handled: what became of messages of
// customers and, FAILED, of replies.
var Outcomes = []flowhq.MessageStatus{
	flowhq.Answered, flowhq.Suppressed, flowhq.Overflowed, flowhq.Forwarded, flowhq.Failed,
}

// NewWorker registers what a worker counts. Every label value that is known is there
// from the start, as zero, so that a first occurrence is a change.
func NewWorker(r Registry) *Worker {
	auto := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return auto.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	w := &Worker{
		Sessions: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "flowhq_sessions", Help: "Sessions that this worker hosts, by state.",
		}, []string{"state"}),
		SessionEnds: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "flowhq_session_ends_total", Help: "Ends of sessions, by their ending.",
		}, []string{"ending"}),
		LeasesLost: counter("flowhq_leases_lost_total",
			"Leases that were lost to a newer host or for want of the database."),
		Capacity: auto.NewGauge(prometheus.GaugeOpts{
			Name: "flowhq_worker_capacity", Help: "Sessions that this worker may host.",
		}),
		Slots: auto.NewGauge(prometheus.GaugeOpts{
			Name: "flowhq_worker_slots_used",
			Help: "Hosts that run on this worker, connected or not.",
		}),
		Received: counter("flowhq_messages_received_total",
			"Messages of customers that were recorded."),
		Handled: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "flowhq_messages_handled_total", Help: "What became of messages, by outcome.",
		}, []string{"outcome"}),
		Muted: counter("flowhq_contacts_muted_total",
			"Contacts that were muted because they wrote like a program."),
		Delayed: counter("flowhq_replies_delayed_total",
			"Replies that had to wait under the tenant's limit per minute."),
		Sent: counter("flowhq_replies_sent_total",
			"Replies and warnings that WhatsApp acknowledged."),
		SendsUnknown: counter("flowhq_sends_unknown_total",
			"Attempts to send whose outcome is unknown; each is repeated under the same id."),
		AssistantRequests: counter("flowhq_assistant_requests_total",
			"Calls of the language model."),
		AssistantResults: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "flowhq_assistant_results_total",
			Help: "What became of the language model's suggestions, by result.",
		}, []string{"result"}),
		ReplySeconds: auto.NewHistogram(prometheus.HistogramOpts{
			Name:    "flowhq_reply_seconds",
			Help:    "From receiving a message to WhatsApp's acknowledgement of its reply.",
			Buckets: flowhq.ReplyBounds,
		}),
	}
	// From here on, every series is there. A panel then shows zero instead of "no data".
	for _, s := range flowhq.SessionStates {
		w.Sessions.WithLabelValues(string(s))
	}
	for _, ending := range flowhq.Endings {
		w.SessionEnds.WithLabelValues(string(ending))
	}
	for _, o := range Outcomes {
		w.Handled.WithLabelValues(string(o))
	}
	return w
}

// Ended counts the end of a session. Ends that are nobody's fault count too, such as the daily
// renewal: an alarm has to choose its endings.
func (w *Worker) Ended(ending flowhq.Ending) {
	w.SessionEnds.WithLabelValues(string(ending)).Inc()
}

// Outcome counts what became of a message.
func (w *Worker) Outcome(s flowhq.MessageStatus) { w.Handled.WithLabelValues(string(s)).Inc() }

// AssistantResult returns the counter of a result as package reply words it, such as
// "refused: number".
func (w *Worker) AssistantResult(result string) prometheus.Counter {
	return w.AssistantResults.WithLabelValues(strings.ReplaceAll(result, ": ", "_"))
}

// Session moves one session from a state to another. The state "" is outside of this
// process: a host that starts comes from there, and one that ends goes there. A caller that
// leaves out the way back makes the gauge wrong until the process ends.
func (w *Worker) Session(from, to flowhq.SessionState) {
	if from != "" {
		w.Sessions.WithLabelValues(string(from)).Dec()
	}
	if to != "" {
		w.Sessions.WithLabelValues(string(to)).Inc()
	}
}
