package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// An API is what an API process counts.
type API struct {
	Requests *prometheus.CounterVec // by status
	Seconds  prometheus.Histogram   // from a request to its answer

	LoginsFailed  prometheus.Counter // wrong passwords
	LoginsSlowed  prometheus.Counter // sources that gave so many that theirs are checked slowly
	LoginsRefused prometheus.Counter // passwords that were refused unchecked
}

// NewAPI registers what an API counts.
func NewAPI(r Registry) *API {
	auto := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return auto.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	a := &API{
		LoginsFailed: counter("flowhq_logins_failed_total", "Wrong admin passwords."),
		LoginsSlowed: counter("flowhq_logins_slowed_total",
			"Times that an address gave so many wrong admin passwords that its are checked slowly."),
		LoginsRefused: counter("flowhq_logins_refused_total",
			"Admin passwords that were refused unchecked, as too many came at once."),
		Requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "flowhq_http_requests_total", Help: "Requests that were answered, by status.",
		}, []string{"status"}),
		Seconds: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "flowhq_http_request_seconds", Help: "From a request to its answer.", Buckets: prometheus.DefBuckets,
		}),
	}
	a.Requests.WithLabelValues(strconv.Itoa(http.StatusOK))
	return a
}

// Answered counts a request.
func (a *API) Answered(status int, took time.Duration) {
	a.Requests.WithLabelValues(strconv.Itoa(status)).Inc()
	a.Seconds.Observe(took.Seconds())
}
