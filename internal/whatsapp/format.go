package whatsapp

import (
	"strconv"
	"strings"
	"time"
)

// The functions of this file put values into words for the log. They write nothing for a
// value that is not given, and leave empty parts out.

// lines joins what is not empty, one a line.
func lines(parts ...string) string { return join("\n", parts) }

// join joins what is not empty.
func join(separator string, parts []string) string {
	var full []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			full = append(full, part)
		}
	}
	return strings.Join(full, separator)
}

// list joins what each yields, one a line.
func list[T any](all []T, each func(T) string) string {
	texts := make([]string, 0, len(all))
	for _, one := range all {
		texts = append(texts, each(one))
	}
	return lines(texts...)
}

// bullet writes text as a line of a list.
func bullet(text string) string {
	if text == "" {
		return ""
	}
	return "- " + text
}

// coordinates writes degrees in the form that maps take as a search. Both are zero if they
// are not given.
func coordinates(latitude, longitude float64) string {
	if latitude == 0 && longitude == 0 {
		return ""
	}
	return decimal(latitude) + ", " + decimal(longitude)
}

// money writes an amount of a currency. n counts parts of the currency's unit, and parts is
// how many of them make one unit.
func money(n int64, parts float64, currency string) string {
	if n == 0 {
		return ""
	}
	return strings.TrimSpace(decimal(float64(n)/parts) + " " + currency)
}

// decimal writes a number with as many digits as it takes to tell it from others.
func decimal(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// lastMoment is the last second of the year 9999, in seconds since 1970. A later time is a
// mistake of the sender's client, such as one in milliseconds.
const lastMoment = 253402300799

// moment writes a time in seconds since 1970, or "" for none.
func moment(seconds int64) string {
	if seconds <= 0 || seconds > lastMoment {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04 UTC")
}
