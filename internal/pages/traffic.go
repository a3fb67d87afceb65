package pages

import "time"

// traffic is how many messages there were within the last day.
type traffic struct {
	Minutes   int `json:"stretch_minutes"`
	Stretches []struct {
		At       time.Time `json:"at"`
		Received int       `json:"received"`
		Sent     int       `json:"sent"`
		Median   *float64  `json:"reply_seconds_median"`
		P95      *float64  `json:"reply_seconds_p95"`
	} `json:"stretches"`
}

// charts draws messages a minute and reply times, none if nothing was counted yet.
func (t traffic) charts(now time.Time) []chart {
	if len(t.Stretches) == 0 || t.Minutes <= 0 {
		return nil
	}
	every := time.Duration(t.Minutes) * time.Minute
	in, out, half, most := []point{}, []point{}, []point{}, []point{}
	for _, s := range t.Stretches {
		// The latest stretch has not ended; by its whole length it would seem to fall off.
		minutes := min(now.Sub(s.At), every).Minutes()
		// In its first minute there is nothing to divide by: workers write once a minute.
		if minutes >= 1 {
			in = append(in, point{s.At, float64(s.Received) / minutes})
			out = append(out, point{s.At, float64(s.Sent) / minutes})
		}
		// Without a reply there is no time to show, and zero would be a lie.
		if s.Median != nil && s.P95 != nil {
			half = append(half, point{s.At, *s.Median})
			most = append(most, point{s.At, *s.P95})
		}
	}
	return []chart{
		newChart("Messages a minute", "messages a minute", now, every, sayNumber,
			[]string{"from customers", "to customers"}, [][]point{in, out}),
		newChart("Reply time", "from a question to its reply", now, every, saySeconds,
			[]string{"half within", "95 of 100 within"}, [][]point{half, most}),
	}
}
