package access

// MakeRoom drops from m what is over and then, until at most half of limit is left, any others, so
// that it need not run for each new entry. Who fills a map of accounts or addresses on purpose has
// more of them than any count can bound.
func MakeRoom[K comparable, V any](m map[K]V, limit int, over func(V) bool) {
	for k, v := range m {
		if over(v) {
			delete(m, k)
		}
	}
	for k := range m {
		if len(m) <= limit/2 {
			return
		}
		delete(m, k)
	}
}
