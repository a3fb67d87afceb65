package devdb

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// ephemeralPrefix begins the names of the folders of throw-away clusters. sweep deletes
	// what is called so, hence the name of the project in it.
	ephemeralPrefix = "flowhq-pg-"
	// memoryWanted is the free memory disk that a throw-away cluster asks for, in bytes;
	// containers often have one of 64 MB, which a few databases fill.
	memoryWanted = 1 << 30
	// sweepAfter leaves alone what another process may be creating right now: its
	// folder exists before it is locked.
	sweepAfter = time.Minute
)

// Ephemeral starts a throw-away PostgreSQL for tests, in memory where the
// machine has a memory disk with room. It accepts 300 connections, forgets
// everything at a crash, and leaves nothing behind after Stop; what a killed
// process left behind is removed by the next call. ctx bounds the start only; the caller owns
// the server and must stop it.
func Ephemeral(ctx context.Context, log *slog.Logger) (*Server, error) {
	owner, err := serverUser()
	if err != nil {
		return nil, err
	}
	base := ephemeralBase()
	sweep(ctx, base, log)
	dir, err := os.MkdirTemp(base, ephemeralPrefix)
	if err != nil {
		return nil, err
	}
	s, err := startEphemeral(ctx, dir, owner, log)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("throw-away PostgreSQL: %w", err)
	}
	return s, nil
}

// startEphemeral starts a cluster that fills dir, which the server then removes when it is
// stopped. As dir is empty, find returns the newest version. Creating the cluster is not
// reported, as without syncing it is quick; only a download is.
func startEphemeral(
	ctx context.Context, dir string, owner runner, log *slog.Logger,
) (*Server, error) {
	bin, err := find(ctx, dir, owner, func(what string) {
		log.Info("preparing a database", "doing", what)
	})
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, bin: bin, owner: owner, log: log, settings: fast}
	s, err := c.start(ctx, func(string) {})
	if err != nil {
		return nil, err
	}
	s.temp = dir
	return s, nil
}

// ephemeralBase returns the folder for throw-away clusters: the memory disk that Linux has at
// /dev/shm, or else the folder for temporary files. Elsewhere there is no such disk, which
// Statfs reports as an error.
func ephemeralBase() string {
	const memory = "/dev/shm"
	var st syscall.Statfs_t
	if err := syscall.Statfs(memory, &st); err == nil &&
		uint64(st.Bavail)*uint64(st.Bsize) > memoryWanted {
		return memory
	}
	return os.TempDir()
}

// sweep removes the throw-away clusters whose process was killed. What it
// cannot remove, another user's for instance, it leaves. Whether a process still lives its
// lock tells, which the kernel gives up with the process; a pid could belong to another one
// by now. A server that outlived its process is stopped first, or it would go on writing to
// deleted files, and keep the memory that they take.
func sweep(ctx context.Context, base string, log *slog.Logger) {
	// Glob fails only on a malformed pattern.
	dirs, _ := filepath.Glob(filepath.Join(base, ephemeralPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < sweepAfter {
			continue
		}
		c := &cluster{dir: dir, log: log}
		if owned, err := c.acquire(); err != nil || !owned {
			continue
		}
		if err := c.stopOrphan(ctx); err == nil {
			log.Debug("removed a throw-away database left behind", "dir", dir)
			os.RemoveAll(dir)
		}
		c.lock.Close()
	}
}
