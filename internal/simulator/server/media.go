package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/flowhq/flowhq/internal/simulator/database"
)

// Media travel apart from messages. A client encrypts the bytes under a key that it draws, and
// uploads them over HTTP to the host that <media_conn> names:
//
//	POST /mms/TYPE/TOKEN?auth=&token=   TOKEN is the hash of what is uploaded, in base64
//	-> {url, direct_path}
//
// Then it sends the path and the key in a message. Whoever receives that fetches and decrypts:
//
//	GET DIRECT_PATH&hash=&mms-type=
//
// So this server never sees a picture, as it never sees a text.

const (
	// mediaAuth is what clients show when they upload, as <media_conn> has told them.
	mediaAuth = "sim"
	// mediaPath begins the path of what was uploaded.
	mediaPath = "/v/t62/"
	// maxMedia bounds one upload, and maxMediaKept all that are kept, in bytes. The oldest go.
	maxMedia     = 32 << 20
	maxMediaKept = 512 << 20
)

// mediaTypes are the words by which clients say what they upload.
var mediaTypes = []string{"image", "document", "audio", "ptt", "video"}

// A mediaHost keeps what was uploaded. It is safe for concurrent use.
type mediaHost struct {
	db     *database.DB
	faults *Faults

	mu    sync.Mutex
	bytes map[string][]byte // by token
	order []string          // tokens, the oldest first
	kept  int               // bytes
}

// newMediaHost returns a host with what an earlier one has kept.
func newMediaHost(db *database.DB, faults *Faults) (*mediaHost, error) {
	h := &mediaHost{db: db, faults: faults, bytes: map[string][]byte{}}
	return h, db.Each(database.Media, func(token string, value []byte) error {
		h.keep(token, bytes.Clone(value))
		return nil
	})
}

// keep enters an upload. One that comes again is the same, since its token is its hash.
func (h *mediaHost) keep(token string, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.bytes[token]; known {
		return
	}
	h.bytes[token], h.order, h.kept = data, append(h.order, token), h.kept+len(data)
	for h.kept > maxMediaKept {
		oldest := h.order[0]
		h.order, h.kept = h.order[1:], h.kept-len(h.bytes[oldest])
		delete(h.bytes, oldest)
		h.db.Remove(database.Media, oldest)
	}
}

// find returns what was uploaded under a token.
func (h *mediaHost) find(token string) ([]byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	data, ok := h.bytes[token]
	return data, ok
}

// ServeHTTP takes uploads and serves them.
func (h *mediaHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/mms/"):
		h.upload(w, r)
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, mediaPath):
		data, ok := h.find(strings.TrimPrefix(r.URL.Path, mediaPath))
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(data) // the client has hung up if this fails
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// upload takes what a client has encrypted, if its hash is what the client says.
func (h *mediaHost) upload(w http.ResponseWriter, r *http.Request) {
	kind, token, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/mms/"), "/")
	if status := h.faults.takeUpload(); status != 0 {
		w.WriteHeader(status)
		return
	}
	if r.URL.Query().Get("auth") != mediaAuth {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMedia))
	sum := sha256.Sum256(data)
	isRight := token == base64.URLEncoding.EncodeToString(sum[:]) &&
		token == r.URL.Query().Get("token")
	switch {
	case err != nil:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case !isRight, !slices.Contains(mediaTypes, kind), len(data) == 0:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.keep(token, data)
	// The client is told only of what a restart does not forget.
	if err := h.db.Wait(h.db.Put(database.Media, token, data)); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	// The path has a query of its own: clients append to it.
	path := mediaPath + token + "?ccb=11-4"
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"url": "https://mmg.whatsapp.net" + path, "direct_path": path,
	})
}
