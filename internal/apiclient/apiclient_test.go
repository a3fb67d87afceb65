package apiclient

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnswersOfOthers(t *testing.T) {
	page := "<html>\r\n<title>502 Bad Gateway</title>\r\n" + strings.Repeat("x", 10_000)
	for status, want := range map[int]string{
		http.StatusBadRequest: "GET /x: 400: <html> <title>502 Bad Gateway</title> xxx",
		http.StatusOK:         "GET /x: the answer is not one of Flow HQ's (",
	} {
		err := decode("GET /x", status, []byte(page), &struct{}{})
		if err == nil || !strings.HasPrefix(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
			t.Errorf("a page with status %d is told as %v; want one short line: %q", status, err, want)
		}
	}
	if err := decode("GET /x", http.StatusBadGateway, nil, nil); err == nil ||
		err.Error() != "GET /x: 502: Bad Gateway" {
		t.Errorf("an empty answer is told as %v", err)
	}
}
