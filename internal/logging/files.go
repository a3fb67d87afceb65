package logging

import (
	"container/list"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/DeRuina/timberjack"

	"github.com/flowhq/flowhq"
)

// Bounds of the files of one process.
const (
	// maxOpenFiles is far below the number of tenants: each open file costs a descriptor and
	// a goroutine, and idle tenants log nothing for hours.
	maxOpenFiles     = 64
	maxFileMegabytes = 10 // of one file, before it is rotated
	maxOldFiles      = 3  // rotated files kept for each tenant
	// maxFileAge is how long after its last line a file is deleted, so that the files of
	// deleted tenants do not stay.
	maxFileAge = 30 * 24 * time.Hour
	sweepEvery = 24 * time.Hour // between two searches for such files
)

// files writes to one log file per tenant, of which only the most recently used are open.
// Several processes may write to the same folder: lines are appended whole, and a process
// whose file was rotated by another one goes on in the rotated file until it rotates too.
type files struct {
	// current is the tenant whose file Write means. It is set before each Write, under the
	// caller's lock: a slog.Handler has no way to hand it down.
	current flowhq.TenantID

	dir       string
	max       int // open files
	megabytes int // of one file

	mu     sync.Mutex // guards what follows: Close may come from another goroutine than Write
	open   map[flowhq.TenantID]*list.Element
	recent *list.List // of *file, the most recently used in front
	swept  time.Time  // when old files were last searched for
	closed bool
}

// A file is the open log file of one tenant.
type file struct {
	tenant flowhq.TenantID
	*timberjack.Logger
}

// newFiles returns files of which none is open. The caller closes them.
func newFiles(dir string, max, megabytes int) *files {
	return &files{
		dir: dir, max: max, megabytes: megabytes,
		open: map[flowhq.TenantID]*list.Element{}, recent: list.New(),
	}
}

// Write appends one line to the current tenant's file, opening it if need be.
// After Close it drops the line.
func (f *files) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return len(line), nil
	}
	if now := time.Now(); now.Sub(f.swept) >= sweepEvery {
		f.sweep(now)
	}
	e, ok := f.open[f.current]
	if !ok {
		e = f.add(f.current)
	}
	f.recent.MoveToFront(e)
	return e.Value.(*file).Write(line)
}

// add makes room and puts the tenant's file in front. timberjack opens it at the first
// line.
func (f *files) add(id flowhq.TenantID) *list.Element {
	if f.recent.Len() >= f.max {
		oldest := f.recent.Remove(f.recent.Back()).(*file)
		delete(f.open, oldest.tenant)
		_ = oldest.Close() // every line is already with the kernel
	}
	e := f.recent.PushFront(&file{id, &timberjack.Logger{
		Filename: filepath.Join(f.dir, string(id)+".log"),
		MaxSize:  f.megabytes, MaxBackups: maxOldFiles, Compression: "none",
	}})
	f.open[id] = e
	return e
}

// sweep deletes every tenant's files that nobody has written to for maxFileAge.
//
// It closes all files first. Every process does so daily, before it writes, so no process
// has a file open that is as old as those that another one deletes, and would write on into
// a file without a name.
func (f *files) sweep(now time.Time) {
	f.swept = now
	_ = f.closeAll() // every line is already with the kernel
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return // the line that is about to be written will fail and say so
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && isTenants(info) && now.Sub(info.ModTime()) > maxFileAge {
			_ = os.Remove(filepath.Join(f.dir, e.Name())) // else tomorrow
		}
	}
}

// isTenants reports whether a file in the folder is a tenant's, current or rotated. Other
// files may be there, of whoever collects the logs, and are nothing to delete.
func isTenants(info os.FileInfo) bool {
	const idLength = 36 // of a UUID
	name := info.Name()
	return info.Mode().IsRegular() && strings.HasSuffix(name, ".log") && len(name) > idLength &&
		flowhq.TenantID(name[:idLength]).Valid()
}

// Close closes every file. It may be called more than once.
func (f *files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return f.closeAll()
}

// closeAll closes every file; a later line opens its file again.
func (f *files) closeAll() error {
	var errs []error
	for e := f.recent.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*file).Close())
	}
	f.recent.Init()
	clear(f.open)
	return errors.Join(errs...)
}
