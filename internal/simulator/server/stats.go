package server

// Stats are counts, for tests that wait until something has happened. Counts of what has
// happened began with the server's start, and counts of what there is are of now.
type Stats struct {
	// Connections includes those of clients that wait to be linked, and those that were
	// thrown out and have not ended.
	Connections int   `json:"connections"`
	Logins      int64 `json:"logins"`
	Replaced    int64 `json:"replaced"` // live connections that a login threw out
	Phones      int   `json:"phones"`
	Customers   int   `json:"customers"`
	Routed      int64 `json:"messages_routed"`
	Queued      int   `json:"queued"` // stanzas that were not acknowledged yet
	Refused     int64 `json:"refused_logins"`
	// Numbers has all of them, by E.164.
	Numbers map[string]NumberStats `json:"numbers"`
}

// NumberStats are the counts of one number since the server's start.
type NumberStats struct {
	Logins    int `json:"logins"`
	Replaced  int `json:"replaced"`
	Connected int `json:"connected"` // connections now
	Acked     int `json:"acked"`     // messages that its devices have acknowledged
}

// Stats returns the counts. It walks through all accounts and devices, so it is not for a
// tight loop on thousands of them.
func (s *Server) Stats() Stats {
	v := Stats{
		Logins: s.counts.logins.Load(), Replaced: s.counts.replaced.Load(),
		Routed: s.counts.routed.Load(), Refused: s.counts.refused.Load(),
		Numbers: map[string]NumberStats{},
	}
	// The totals above may be of a moment earlier than what follows. Tests poll.
	s.do(func(st *state) {
		v.Connections = len(st.links)
		for _, a := range st.accounts {
			if a.Customer {
				v.Customers++
			} else {
				v.Phones++
			}
			n := a.counts
			v.Numbers[a.e164()] = NumberStats{n.logins, n.replaced, a.connected(), n.acked}
			for _, d := range a.devices {
				v.Queued += len(d.queue.entries)
			}
		}
	})
	return v
}
