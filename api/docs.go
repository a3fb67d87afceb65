package api

import (
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"io"
	"strings"

	"github.com/flowhq/flowhq"
)

// viewerFiles are Swagger UI, compressed, and the page around it. They lie in the program's
// read-only data, of which the system loads what is asked for and may drop it again: 0.5 MiB in the
// file, and nothing on the heap.
//
//go:embed viewer/index.html viewer/page.js viewer/page.css viewer/viewer.js.gz viewer/viewer.css.gz
var viewerFiles embed.FS

// pagePolicy lets the page load what this process serves, and nothing else. Swagger UI sets styles
// on its elements, hence unsafe-inline for them; scripts come from files alone.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'"

// viewerTypes are the files that the page is made of, with their media types. One whose name in
// viewerFiles ends in .gz is stored compressed.
var viewerTypes = map[string]string{
	"page.js": "text/javascript", "page.css": "text/css",
	"viewer.js": "text/javascript", "viewer.css": "text/css",
}

// viewerFile is a file of the page.
type viewerFile struct {
	mediaType string
	body      []byte
	// compressed says that the body is gzip.
	compressed bool
	// page says that this is the page itself, and not a part of it.
	page bool
}

func (v viewerFile) content() (string, []byte) { return v.mediaType + "; charset=utf-8", v.body }

// headers lets browsers keep the parts for an hour. They change with the program only.
func (v viewerFile) headers() map[string]string {
	h := map[string]string{"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"}
	if v.page {
		h = map[string]string{"Content-Security-Policy": pagePolicy}
	}
	if v.compressed {
		h["Content-Encoding"] = "gzip"
	}
	return h
}

// docsPage handles GET /docs, the reference for people. It needs nobody to be known, like the
// description that it shows, and nothing from another host.
func (*API) docsPage(context.Context, nothing) (viewerFile, error) {
	body, err := viewerFiles.ReadFile("viewer/index.html")
	return viewerFile{mediaType: "text/html", body: body, page: true}, err
}

// viewerRequest is GET /docs/:file.
type viewerRequest struct {
	file string
	gzip bool
}

func (r *viewerRequest) bind(b *binder) {
	if r.file = b.c.Param("file"); viewerTypes[r.file] == "" {
		b.stop(flowhq.Errorf(flowhq.NotFound, "there is no such file; the page is /docs"))
	}
	r.gzip = takesGzip(b.c.GetHeader("Accept-Encoding"))
}

// docsFile handles GET /docs/:file. A caller that takes no gzip gets the file unpacked, which costs
// two megabytes for a moment; every browser takes it.
func (*API) docsFile(_ context.Context, req viewerRequest) (viewerFile, error) {
	v := viewerFile{mediaType: viewerTypes[req.file]}
	var err error
	if v.body, err = viewerFiles.ReadFile("viewer/" + req.file); err == nil {
		return v, nil
	}
	v.body, err = viewerFiles.ReadFile("viewer/" + req.file + ".gz")
	if v.compressed = req.gzip; v.compressed || err != nil {
		return v, err
	}
	plain, err := gzip.NewReader(strings.NewReader(string(v.body)))
	if err != nil {
		return v, err
	}
	v.body, err = io.ReadAll(plain)
	return v, errors.Join(err, plain.Close())
}
