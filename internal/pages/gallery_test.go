package pages

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/tokens"
)

// TestGallery: the page has each component, in both frames, with the files of the pages and without
// anything that would ask somebody.
func TestGallery(t *testing.T) {
	h, err := Gallery()
	if err != nil {
		t.Fatal(err)
	}
	for query, texts := range map[string][]string{
		"":       {"Components", `lang="en"`, "sign-out"},
		"?app=1": {`lang="sw"`, "Mazungumzo", "app/language"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", GalleryPath+query, nil))
		page := w.Body.String()
		for _, text := range append(texts, "<dialog", `class="toast"`, "skeleton", `class="bubble out"`,
			"ABCD-1234", `class="unread"`, "<meter", "stroke-dasharray", "aria-invalid", "99+") {
			if !strings.Contains(page, text) {
				t.Errorf("%s has no %s", query, text)
			}
		}
		if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<script") {
			t.Errorf("%s has a value that was not safe, or a script", query)
		}
	}
	w := httptest.NewRecorder()
	files, err := loadStatic()
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := files.path("style.css")
	if err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(w, httptest.NewRequest("GET", sheet, nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "--accent:") {
		t.Errorf("GET %s = %d %.80s", sheet, w.Code, w.Body)
	}
}

// TestTokens: each colour that the style sheet names is one of the tokens.
func TestTokens(t *testing.T) {
	sheet, err := fs.ReadFile(staticFiles, "static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	all := string(tokens.Before(sheet))
	for _, used := range regexp.MustCompile(`var\((--[a-z-]+)\)`).FindAllStringSubmatch(all, -1) {
		if !strings.Contains(all, used[1]+":") {
			t.Errorf("nothing says what %s is", used[1])
		}
	}
}
