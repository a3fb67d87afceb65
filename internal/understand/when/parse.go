package when

import "time"

// Parse reads what a text says of when. It is false if the text says nothing of time.
// The zone of now is the business's.
func Parse(text string, now time.Time, h Hours) (Result, bool) {
	return Result{}, false
}
