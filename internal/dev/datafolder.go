package dev

import (
	"context"
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

// minFreeBytes is the disk space without which nothing is started. A new PostgreSQL takes some
// 60 MB and its write-ahead log grows; on a full disk it would end in the middle. The first
// build of Temporal asks for more, by a check of its own (see package temporald).
const minFreeBytes = 300 << 20

// passwordLetters is the length of a password that is made up: 80 bits of five each.
const passwordLetters = 16

// findCheckout returns the root of the checkout that holds the current folder. Everything is
// kept below it, whichever folder a person is in, so that two checkouts have data of their own.
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
			return "", fmt.Errorf(
				"%s is not inside a checkout of Flow HQ: change to one and try again", here)
		}
	}
}

// programs returns the paths of this program and of flowhq, which runs in production: that of
// FLOWHQ_BIN, or else the one beside this program, where Taskfile.yml builds it. The PATH is
// not searched: an installed flowhq may be of another version than the tables that it would
// migrate.
func programs(getenv func(string) string) (self, flowhq string, err error) {
	if self, err = os.Executable(); err != nil {
		return "", "", err
	}
	if flowhq = getenv("FLOWHQ_BIN"); flowhq != "" {
		return self, flowhq, nil
	}
	flowhq = filepath.Join(filepath.Dir(self), "flowhq")
	if _, err := os.Stat(flowhq); err != nil {
		return "", "", fmt.Errorf("there is no program %[1]s: build it with "+
			"\"go build -o %[1]s ./cmd/flowhq\", or set FLOWHQ_BIN to where it is", flowhq)
	}
	return self, flowhq, nil
}

// A dataFolder is where the services of one stack keep their state. One process holds it
// at a time: two PostgreSQL servers on the same files would destroy them.
type dataFolder struct {
	dir  string
	lock *os.File // locked as long as it is open
}

// openDataFolder makes the folder if need be, and locks it. It fails with one sentence if
// another stack holds the folder, or if the disk is nearly full. The caller closes it after the
// last service has ended.
func openDataFolder(dir string) (*dataFolder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, err
	}
	if err := checkFreeSpace(dir, minFreeBytes); err != nil {
		return nil, err
	}
	// The lock is on a file of its own, which no service opens.
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	// The kernel gives the lock back when the process ends, however it ends.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf(
				"flowhq-dev up already runs in %s: use that one, or end it first", dir)
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return &dataFolder{dir: dir, lock: f}, nil
}

// close gives the lock back. What is in the folder stays.
func (f *dataFolder) close() { f.lock.Close() }

// path returns the path of something in the folder.
func (f *dataFolder) path(elem ...string) string {
	return filepath.Join(append([]string{f.dir}, elem...)...)
}

// demoMark returns the file that says that a database has had its demo tenants. The private
// database has one, and so has every other one, by the hash of its address: a demo that was
// deleted on purpose must not come back at the next start. The hash keeps the password in the
// address out of a file name.
func (f *dataFolder) demoMark(databaseURL string) string {
	if databaseURL == "" {
		return f.path("demo-private")
	}
	const bytes = 6 // enough to tell the databases of one person apart
	sum := sha256.Sum256([]byte(databaseURL))
	return f.path("demo-" + hex.EncodeToString(sum[:bytes]))
}

// adminPassword returns the password of the API: the caller's own, or one that is made up once
// and kept in dir, where "flowhq tenants" finds it. One that the caller sets is not written
// down. The file is readable to its owner alone.
func adminPassword(ctx context.Context, dir, own string) (string, error) {
	if own != "" {
		return own, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "admin-password")
	// The data folders of the stacks with and without WhatsApp are two, so both may start
	// at once and make up a password.
	unlock, err := proc.Lock(ctx, name, nil) // which makes the file, empty
	if err != nil {
		return "", err
	}
	defer unlock()
	data, err := os.ReadFile(name)
	if kept := strings.TrimSpace(string(data)); err != nil || kept != "" {
		return kept, err
	}
	p := strings.ToLower(rand.Text()[:passwordLetters])
	return p, os.WriteFile(name, []byte(p+"\n"), 0o600)
}

// checkFreeSpace returns an error of one sentence if the disk of dir has less than want bytes
// left. PostgreSQL's own error would come later, from a process that has ended.
func checkFreeSpace(dir string, want uint64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	// What an ordinary user may have, which is less than what is free.
	if free := uint64(st.Bavail) * uint64(st.Bsize); free < want {
		return fmt.Errorf("the disk of %s has %d MB left and %d MB are needed: "+
			"make room and try again", dir, free>>20, want>>20)
	}
	return nil
}
