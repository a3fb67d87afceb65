package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
)

// A formPart is one part of a form.
type formPart struct{ field, name, content string }

// aForm is a form of these parts, and its type.
func aForm(t testing.TB, parts ...formPart) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		part, err := w.CreateFormFile(p.field, p.name)
		if err == nil {
			_, err = part.Write([]byte(p.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// TestUploadForm uploads by a form, as browsers and most tools do, and lists what is there.
func TestUploadForm(t *testing.T) {
	t.Parallel()
	s := setup(t).open(barber)
	s.do("GET", "/media", "", 200)
	if all := members(s.do("GET", "/media", "", 200), "media", "id"); len(all) != 0 {
		t.Errorf("a new tenant keeps %v", all)
	}
	post := func(query, body, kind string, status int) answer {
		t.Helper()
		return s.send(call{method: "POST", path: s.path + "/media" + query, body: body,
			header: http.Header{"Content-Type": {kind}}}, status)
	}
	send := func(query string, status int, parts ...formPart) answer {
		t.Helper()
		body, kind := aForm(t, parts...)
		return post(query, body, kind, status)
	}
	picture := formPart{"file", "menu of the day.png", aPicture(t)}
	first := send("", 201, picture)
	s.contains(first.json, `{"content_type": "image/png", "file_name": "menu of the day.png", "width": 40}`)
	s.contains(send("?file_name=menu.png", 201, picture).json, `{"file_name": "menu.png"}`)
	whole := formPart{"file", "", strings.Repeat("x", flowhq.MaxMediaBytes)}
	s.contains(send("", 201, whole).json, `{"file_name": "", "size": 16777216}`)
	whole.content += "x"
	send("", 413, whole)

	other := formPart{"picture", "menu.png", "x"}
	for name, parts := range map[string][]formPart{
		"nothing": nil, "another name": {other}, "twice": {picture, picture}, "one more": {picture, other},
	} {
		if got := send("", 400, parts...).fields(); !slices.Equal(got, []string{"file"}) {
			t.Errorf("%s: wrong fields %v", name, got)
		}
	}
	for _, name := range []string{"a\\b", "menu\u202egnp.exe", strings.Repeat("x", 241)} {
		got := send("", 400, formPart{"file", name, "x"}).fields()
		if !slices.Equal(got, []string{"file_name"}) {
			t.Errorf("file name %.20q: wrong fields %v", name, got)
		}
	}
	send("", 400, formPart{"file", "empty", ""})
	body, kind := aForm(t, picture)
	for name, broken := range map[string][2]string{
		"no boundary": {body, formType}, "another boundary": {body, formType + "; boundary=x"},
		"cut": {body[:len(body)/2], kind},
	} {
		if a := post("", broken[0], broken[1], 400); len(a.body) == 0 {
			t.Errorf("%s: no problem", name)
		}
	}

	// What is listed is what was answered, the newest first, a page at a time.
	page := s.do("GET", "/media?limit=2", "", 200)
	next := fmt.Sprint(page.json.(node)["next"])
	rest := s.do("GET", "/media?limit=2&cursor="+next, "", 200)
	ids := slices.Concat(members(page, "media", "id"), members(rest, "media", "id"))
	if len(ids) != 3 || ids[2] != fmt.Sprint(first.json.(node)["id"]) || rest.json.(node)["next"] != "" {
		t.Errorf("the media are %v, then %q", ids, rest.json.(node)["next"])
	}
	s.do("DELETE", "/media/"+ids[0], "", 200)
	if left := members(s.do("GET", "/media", "", 200), "media", "id"); !slices.Equal(left, ids[1:]) {
		t.Errorf("after the deletion %v are left of %v", left, ids)
	}
}

// FuzzForm: whatever a form holds, it is one file, or is refused as the sender's fault.
func FuzzForm(f *testing.F) {
	body, kind := aForm(f, formPart{"file", "menu.png", "x"})
	f.Add([]byte(body), kind)
	f.Add([]byte(body), formType)
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=file\r\n\r\n\r\n--x--"), formType+"; boundary=x")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		c.Request.Header.Set("Content-Type", kind)
		b := newBinder(c, false)
		name, data := b.upload()
		err := b.finish()
		if code := flowhq.ErrorCode(err); err != nil && (code == flowhq.Internal || code == flowhq.Unavailable) {
			t.Errorf("it is refused as if it were our fault: %v", err)
		}
		if err == nil && len(data) == 0 || len(data) > len(body) || len(name) > len(body) {
			t.Errorf("a file %q of %d bytes in %d, %v", name, len(data), len(body), err)
		}
	})
}
