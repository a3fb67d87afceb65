package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/flowhq/flowhq/internal/headers"
	"github.com/flowhq/flowhq/internal/tokens"
)

// staticPath is where the files are that pages load.
const staticPath = "/static/"

//go:embed static/*.css static/*.js static/*.svg
var staticFiles embed.FS

//go:embed static/*.LICENSE
var licenceFiles embed.FS

// static are the files that pages load, each under a path with a hash of its content. So a browser
// may keep it for ever, and asks for another path after an upgrade.
type static struct {
	byPath map[string]file   // by the path with the hash
	paths  map[string]string // by the file's name
}

// A file is kept compressed too: all browsers take that, and a phone's line is slow.
type file struct {
	kind          string
	data, gzipped []byte
}

// loadStatic reads the files, which are part of the program.
func loadStatic() (*static, error) {
	s := &static{map[string]file{}, map[string]string{}}
	err := fs.WalkDir(staticFiles, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		// All files are read and compressed once, at the start: they are few, and a request then
		// costs no more than a write.
		data, err := staticFiles.ReadFile(p)
		if err != nil {
			return err
		}
		if path.Ext(p) == ".css" {
			data = tokens.Before(data)
		}
		var small bytes.Buffer
		// The best compression takes longest, which counts only once, at the start.
		z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(data); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		// The hash is of the content, so a file that did not change keeps its path over an
		// upgrade.
		sum := sha256.Sum256(data)
		const hashDigits = 12 // 48 bits: two versions of a file never share a path
		where := staticPath + hex.EncodeToString(sum[:])[:hashDigits] + "/" + path.Base(p)
		s.paths[path.Base(p)] = where
		// Both forms stay in memory: all files together are small.
		s.byPath[where] = file{mime.TypeByExtension(path.Ext(p)), data, small.Bytes()}
		return nil
	})
	return s, err
}

// path is where a file is, by its name. It fails for a name that is no file, which a test of the
// templates finds.
func (s *static) path(name string) (string, error) {
	// Templates name files as they are called in the folder.
	p, ok := s.paths[name]
	if !ok {
		return "", fmt.Errorf("there is no file %s", name)
	}
	return p, nil
}

// ServeHTTP answers with a file. Nobody need be known for that.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers.Set(w.Header(), r, headers.File)
	f, ok := s.byPath[r.URL.Path]
	// An old path is not answered with the new file: a page that was loaded before an upgrade would
	// mix the two.
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	// The headers forbid browsers to guess, so the kind must be right.
	h.Set("Content-Type", f.kind)
	// A year, in seconds. The path changes with the content, so nobody need ask again before.
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding") // for caches on the way, which keep one answer a path
	data := f.data
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		data = f.gzipped
	}
	_, _ = w.Write(data) // a visitor who has gone needs no answer
}
