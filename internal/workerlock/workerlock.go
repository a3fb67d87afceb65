// Package workerlock proves that a worker process of this machine has ended, however it
// did: each holds a lock on a file of a common folder, which the kernel drops with the
// process and not before. A process that stands still keeps its lock.
//
// The folder must be on a local disk: what a network file system calls a lock may end
// while its holder lives. Workers that share no folder learn nothing of each other here.
package workerlock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

const (
	// maxFiles bounds the workers that may share a folder.
	maxFiles = 256
	// maxName bounds a name in bytes.
	maxName = 256
)

// A Lock is one worker's place in a folder, held until Close or the end of the process.
type Lock struct {
	dir string
	own *os.File

	mu    sync.Mutex
	ended map[string]*os.File // by name: found to have ended, and not forgotten yet
}

// Open takes a place in the folder, which is made if there is none. Two processes never
// have the same place. Write a name into it with SetName.
func Open(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := &Lock{dir: dir, ended: map[string]*os.File{}}
	for n := 1; n <= maxFiles; n++ {
		f, err := tryLock(filepath.Join(dir, fmt.Sprintf("worker-%d.lock", n)), os.O_CREATE)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue // another one's
		}
		l.own = f
		name, err := nameIn(f)
		if err != nil {
			f.Close()
			return nil, err
		}
		if name != "" {
			l.ended[name] = f
		}
		return l, nil
	}
	return nil, fmt.Errorf("%s: all %d places are taken", dir, maxFiles)
}

// SetName names this worker, so that others can tell of whom the lock was. The name that
// was there before must have been forgotten, or it is for good.
func (l *Lock) SetName(name string) error {
	if len(name) > maxName || strings.ContainsAny(name, "\n") {
		return errors.New("not a name")
	}
	return rewrite(l.own, name+"\n")
}

// Ended returns the names of the workers that have ended and are not forgotten yet. Their
// places stay taken until they are.
func (l *Lock) Ended() ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(l.dir, "worker-*.lock"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if path == l.own.Name() || l.holds(path) {
			continue
		}
		f, err := tryLock(path, 0)
		if errors.Is(err, fs.ErrNotExist) || err == nil && f == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		name, err := nameIn(f)
		if err != nil || name == "" {
			f.Close()
			if err != nil {
				return nil, err
			}
			continue
		}
		l.ended[name] = f
	}
	var names []string
	for name := range l.ended {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (l *Lock) holds(path string) bool {
	for _, f := range l.ended {
		if f.Name() == path {
			return true
		}
	}
	return false
}

// Forget drops the name of a worker that has ended, once nothing is left to be done
// about it.
func (l *Lock) Forget(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.ended[name]
	if f == nil {
		return nil
	}
	if err := rewrite(f, ""); err != nil {
		return err
	}
	delete(l.ended, name)
	if f != l.own {
		return f.Close()
	}
	return nil
}

// Close gives the place back. Only call it when nothing of this worker is left that
// others would have to wait for: its name is dropped. The names of those that have ended
// and were not forgotten stay.
func (l *Lock) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	named := true
	for name, f := range l.ended {
		if f == l.own {
			named = false
		} else {
			errs = append(errs, f.Close())
		}
		delete(l.ended, name)
	}
	if named {
		errs = append(errs, rewrite(l.own, ""))
	}
	return errors.Join(append(errs, l.own.Close())...)
}

// tryLock opens and locks a file. It returns nil if another process has it.
func tryLock(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flags, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, nil
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// nameIn is the name that a file holds, "" if none was written to its end.
func nameIn(f *os.File) (string, error) {
	raw := make([]byte, maxName+1)
	n, err := f.ReadAt(raw, 0)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	name, _, whole := bytes.Cut(raw[:n], []byte("\n"))
	if !whole {
		return "", nil
	}
	return string(name), nil
}

func rewrite(f *os.File, text string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(text), 0)
	return err
}
