package dev

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// module is how a checkout of this repository is recognised.
const module = "module github.com/flowhq/flowhq\n"

// minFreeBytes is the disk space without which no part starts.
const minFreeBytes = 300 << 20

// findCheckout returns the root of the checkout that holds the current folder.
func findCheckout() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(data), module) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside a checkout of Flow HQ: change to one and try again", here)
		}
	}
}

// programs returns the paths of this program and of flowhq, which runs in production:
// that of FLOWHQ_BIN, or else the one beside this program, where Taskfile.yml builds it.
func programs(getenv func(string) string) (self, flowhq string, err error) {
	if self, err = os.Executable(); err != nil {
		return "", "", err
	}
	if flowhq = getenv("FLOWHQ_BIN"); flowhq != "" {
		return self, flowhq, nil
	}
	flowhq = filepath.Join(filepath.Dir(self), "flowhq")
	if _, err := os.Stat(flowhq); err != nil {
		return "", "", fmt.Errorf("there is no program %s: build it with \"go build -o %s ./cmd/flowhq\", or set FLOWHQ_BIN to where it is", flowhq, flowhq)
	}
	return self, flowhq, nil
}

// A home is the folder that one set of parts keeps its state in. It is held by
// one process at a time.
type home struct {
	dir  string
	lock *os.File
}

// openHome creates the folder if need be and locks it.
func openHome(dir string) (*home, error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, err
	}
	if err := roomOn(dir, minFreeBytes); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("flowhq-dev up already runs in %s: use that one, or end it first", dir)
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return &home{dir: dir, lock: f}, nil
}

func (h *home) close() { h.lock.Close() }

func (h *home) path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

// adminPassword returns the password of the API: the caller's own, or one that is made
// up once and kept in dir, where "flowhq tenants" finds it.
func adminPassword(dir, own string) (string, error) {
	if own != "" {
		return own, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "admin-password")
	unlock, err := proc.Lock(name) // another one may be starting, with or without WhatsApp
	if err != nil {
		return "", err
	}
	defer unlock()
	data, err := os.ReadFile(name)
	if kept := strings.TrimSpace(string(data)); err != nil || kept != "" {
		return kept, err
	}
	const letters = 16
	p := strings.ToLower(rand.Text()[:letters])
	return p, os.WriteFile(name, []byte(p+"\n"), 0o600)
}

// demoMark is the file that says that a database has had its demo tenants. The
// private database has one, and so has every other, by its address.
func (h *home) demoMark(databaseURL string) string {
	if databaseURL == "" {
		return h.path("demo-private")
	}
	sum := sha256.Sum256([]byte(databaseURL))
	return h.path("demo-" + hex.EncodeToString(sum[:6]))
}

// roomOn returns an error of one sentence if the disk of dir is nearly full.
func roomOn(dir string, want uint64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free := uint64(st.Bavail) * uint64(st.Bsize); free < want {
		return fmt.Errorf("the disk of %s has %d MB left and %d MB are needed: make room and try again", dir, free>>20, want>>20)
	}
	return nil
}
