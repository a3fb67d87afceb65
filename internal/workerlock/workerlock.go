// Package workerlock proves that a worker process of this machine has ended, however it
// did: each worker holds a lock on a file of a common folder, which the kernel drops with
// the process and not before. A process that stands still, as one that was sent SIGSTOP
// does, keeps its lock.
//
// A tenant of a worker that has ended can be hosted at once, where otherwise the lease
// would have to run out. If the proof were wrong, one number would be hosted twice. So a
// doubt proves nothing.
//
// A lock proves something only under the kernel that it was taken with. So each name is
// written with the boot id of its kernel, and a name with another id proves nothing: the
// folder may have been copied to another machine, or be shared with one that has locks of
// its own, where the worker lives. After a restart of the machine nothing is proven either.
// Workers that share no folder learn nothing of each other here.
package workerlock

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

const (
	// maxFiles bounds the workers that may share a folder, and with that the files that
	// each of them tries to lock whenever it asks who has ended.
	maxFiles = 256
	// maxName bounds a name in bytes.
	maxName = 256
	// maxBoot bounds a boot id in bytes, and bootPath is where Linux says it.
	maxBoot  = 64
	bootPath = "/proc/sys/kernel/random/boot_id"
)

// A Lock is one worker's place in a folder: a file that it keeps open and locked until
// Close or the end of the process.
type Lock struct {
	dir  string
	boot string   // id of the kernel that keeps the locks
	own  *os.File // this worker's

	mu sync.Mutex // guards ended
	// ended holds the files of workers that were found to have ended and are not forgotten
	// yet, by their names. They stay open and so locked: another worker cannot take the
	// place, and with it overwrite the name, before its sessions have been cared for. The
	// own file is among them while it still has the name of the worker before.
	ended map[string]*os.File
}

// Open takes a place in the folder, which is made if there is none. Two processes never
// have the same place. The caller gives it a name with SetName. A place that cannot be
// opened, because it is another user's, is passed over.
func Open(dir string) (*Lock, error) {
	raw, err := os.ReadFile(bootPath)
	if err != nil {
		return nil, fmt.Errorf("no id of this kernel, so a lock proves nothing: %w", err)
	}
	return openAs(dir, strings.TrimSpace(string(raw)))
}

// openAs is Open on a kernel with that boot id.
func openAs(dir, boot string) (*Lock, error) {
	if boot == "" || len(boot) > maxBoot {
		return nil, fmt.Errorf("%q is no boot id", boot)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := &Lock{dir: dir, boot: boot, ended: map[string]*os.File{}}
	var first error
	for n := 1; n <= maxFiles; n++ {
		f, name, err := l.take(filepath.Join(dir, fmt.Sprintf("worker-%d.lock", n)), os.O_CREATE)
		if first == nil {
			first = err
		}
		if f == nil {
			continue // another worker's, or unusable
		}
		l.own = f
		if name != "" { // the worker that had the place before did not call Close
			l.ended[name] = f
		}
		return l, nil
	}
	return nil, fmt.Errorf("%s: none of %d places is to be had: %w",
		dir, maxFiles, cmp.Or(first, errTaken))
}

// errTaken is returned for a place that another process has.
var errTaken = errors.New("other workers have them")

// SetName names this worker, so that others can say whose lock it was. It overwrites the
// name of the worker that had the place before. Unless Forget was called with that name,
// nobody will learn any more that the worker has ended, and its leases have to run out.
func (l *Lock) SetName(name string) error {
	if len(name) > maxName || strings.ContainsAny(name, "\n") {
		return errors.New("not a name")
	}
	if err := rewrite(l.own, name+"\n"+l.boot+"\n"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.ended, func(_ string, f *os.File) bool { return f == l.own })
	return nil
}

// Ended returns the names of the workers that have ended and are not forgotten yet. Their
// places stay taken until then. The error is about places that could not be read; their
// workers are not among the names.
func (l *Lock) Ended() (names []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(l.dir, "worker-*.lock"))
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, path := range files[:min(len(files), maxFiles)] {
		if path == l.own.Name() || l.holds(path) {
			continue
		}
		f, name, err := l.take(path, 0)
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody tidied up since Glob listed it
		case err != nil:
			errs = append(errs, err)
		case f != nil && name == "": // a place that nobody has: give it back
			f.Close()
		case f != nil:
			l.ended[name] = f
		}
	}
	return slices.Sorted(maps.Keys(l.ended)), errors.Join(errs...)
}

// holds reports whether the file is one that is kept open for its name. Locking it once
// more would fail as if another process had it. The caller holds mu.
func (l *Lock) holds(path string) bool {
	for _, f := range l.ended {
		if f.Name() == path {
			return true
		}
	}
	return false
}

// Forget drops the name of a worker that has ended, once nothing is left to be done about
// it, and gives the place back. A name that is not known is no error.
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

// Close gives the place back and drops this worker's name. Only call it when nothing of
// this worker is left that others would have to wait for. The names of workers that have
// ended and were not forgotten stay in their files, for the next worker to find.
func (l *Lock) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	named := true // whether the own file has the own name
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

// tryLock opens and locks a file, or fails with errTaken if another process has locked it.
func tryLock(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flags, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, errTaken
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// take locks a place and returns the name of the worker that had it under this kernel, ""
// if there is none. It returns no file and no error if another process has the place.
func (l *Lock) take(path string, flags int) (f *os.File, name string, err error) {
	if f, err = tryLock(path, flags); errors.Is(err, errTaken) {
		return nil, "", nil
	} else if err != nil {
		return nil, "", err
	}
	if name, err = l.nameIn(f); err != nil {
		f.Close()
		return nil, "", err
	}
	return f, name, nil
}

// nameIn returns the name that a file holds: "" if none was written to its end, as by a
// process that was killed while writing, or if a worker on another kernel wrote it.
func (l *Lock) nameIn(f *os.File) (string, error) {
	raw := make([]byte, maxName+maxBoot+2) // and two line ends
	n, err := f.ReadAt(raw, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	name, rest, _ := bytes.Cut(raw[:n], []byte("\n"))
	boot, _, whole := bytes.Cut(rest, []byte("\n"))
	if !whole || string(boot) != l.boot {
		return "", nil
	}
	return string(name), nil
}

// rewrite replaces what a file holds. A reader in between finds a part of it, which
// nameIn does not take for a name.
func rewrite(f *os.File, text string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(text), 0)
	return err
}
