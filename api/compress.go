package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// minGzip is from how many bytes on an answer is compressed. A smaller one fits into one packet
// anyway.
const minGzip = 1400

// packers are reused, since each holds some 800 KiB.
var packers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for an unknown level only
	return w
}}

// takesGzip reports whether an Accept-Encoding has gzip, or anything, and does not forbid it.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "*" {
			continue
		}
		q, weighed := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !weighed || err == nil && weight > 0
	}
	return false
}

// compressible reports whether an answer may be compressed. The length of a compressed answer tells
// whether what a stranger chose occurs beside a secret in it (BREACH). A stranger's page cannot
// make a browser send the cookie (SameSite=Lax), and not read a length either; still the answers
// that hold secrets are left alone: those to sign-ins and to whatever makes a link or key, which
// are no GET, and the codes that link a phone.
func compressible(c *gin.Context, status int, mediaType string) bool {
	path := c.FullPath()
	return c.Request.Method == http.MethodGet && status == http.StatusOK &&
		!strings.HasPrefix(path, "/auth/") && !strings.HasSuffix(path, "/qr") &&
		slices.ContainsFunc([]string{"text/", "application/json", "application/yaml"},
			func(prefix string) bool { return strings.HasPrefix(mediaType, prefix) })
}

// sendBody answers with a body, compressed if it is large and the caller takes that.
func sendBody(c *gin.Context, status int, mediaType string, body []byte) {
	h := c.Writer.Header()
	packed := h.Get("Content-Encoding") != ""
	if packed || len(body) < minGzip || !compressible(c, status, mediaType) {
		c.Data(status, mediaType, body)
		return
	}
	h.Add("Vary", "Accept-Encoding")
	if !takesGzip(c.GetHeader("Accept-Encoding")) {
		c.Data(status, mediaType, body)
		return
	}
	var b bytes.Buffer
	w, _ := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	h.Set("Content-Encoding", "gzip")
	c.Data(status, mediaType, b.Bytes())
}
