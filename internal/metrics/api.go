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
	// Requests is by HTTP status alone. Paths hold ids of tenants, and each would be a time
	// series of its own.
	Requests *prometheus.CounterVec
	Seconds  prometheus.Histogram // from a request to its answer

	// Somebody who tries passwords shows first in LoginsFailed, and from ten a minute on in
	// LoginsSlowed. LoginsRefused counts only under an attack from many addresses at once.
	LoginsFailed  prometheus.Counter // wrong passwords
	LoginsSlowed  prometheus.Counter // times that an address's passwords began to be checked slowly
	LoginsRefused prometheus.Counter // passwords that were refused unchecked
}

// NewAPI registers what an API counts. Like NewWorker it panics if r has these names already,
// so it is called once for a registry.
func NewAPI(r Registry) *API {
	auto := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return auto.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	a := &API{
		LoginsFailed: counter("flowhq_logins_failed_total", "Wrong passwords and keys."),
		LoginsSlowed: counter("flowhq_logins_slowed_total",
			"Times that an address gave so many wrong passwords "+
				"that those from it are checked slowly."),
		LoginsRefused: counter("flowhq_logins_refused_total",
			"Admin passwords that were refused unchecked, as too many came at once."),
		Requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "flowhq_http_requests_total", Help: "Requests that were answered, by status.",
		}, []string{"status"}),
		Seconds: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "flowhq_http_request_seconds", Help: "From a request to its answer.",
			Buckets: prometheus.DefBuckets, // 5 ms to 10 s, which is a handler's deadline
		}),
	}
	// There from the start, as zero: a rate needs two values, and the first answer is one.
	a.Requests.WithLabelValues(strconv.Itoa(http.StatusOK))
	return a
}

// Answered counts a request by the status of its answer, and the time it took.
func (a *API) Answered(status int, took time.Duration) {
	a.Requests.WithLabelValues(strconv.Itoa(status)).Inc()
	a.Seconds.Observe(took.Seconds())
}
