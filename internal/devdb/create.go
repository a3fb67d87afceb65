package devdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// create makes the data directory unless there is one. It is made under a
// random name, so that a half-made one, to which a killed initdb may still be
// writing, is never taken for a cluster. Older half-made ones are removed: the caller holds
// the owner's lock, so nobody else is making one.
//
// Every connection needs the password (scram-sha-256), as any user of the machine can reach
// loopback, and initdb would trust them all. Without a locale, text sorts in the same way on
// every machine. Syncing files that are to be forgotten anyway would only take time.
func (c *cluster) create(ctx context.Context, progress func(string)) error {
	if _, err := os.Stat(c.path("data")); err == nil {
		return nil
	}
	halfMade, err := filepath.Glob(c.path("data.new-*"))
	if err != nil {
		return err
	}
	for _, d := range halfMade {
		if err := removeDraft(ctx, d); err != nil {
			return err
		}
	}
	progress("creating the private PostgreSQL " + strconv.Itoa(c.bin.major))
	draft := c.path("data.new-" + rand.Text()[:8])
	args := []string{
		"-D", draft, "-U", role, "--pwfile", c.path("password"), "-A", "scram-sha-256",
		"-E", "UTF8", "--no-locale", "--no-instructions",
	}
	if c.settings[0] == "fsync=off" {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, c.command("initdb", args...)); err != nil {
		return err
	}
	// A server in single-user mode needs no port and no password.
	single := c.command("postgres", "--single", "-D", draft, "postgres")
	single.Stdin = strings.NewReader("create database " + database + "\n")
	if err := c.run(ctx, single); err != nil {
		return err
	}
	return os.Rename(draft, c.path("data"))
}

// removeDraft removes a half-made data directory. The server that a killed initdb has begun ends a
// moment after it, and until then writes files into folders that have just been emptied.
func removeDraft(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for {
		err := os.RemoveAll(dir)
		if err == nil || !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		if pause(ctx) != nil {
			return fmt.Errorf("a program still writes to what an earlier start left half made: %w", err)
		}
	}
}

// run runs one of PostgreSQL's programs to its end, or kills it when ctx ends, whose error it
// then returns. Any other error holds the end of the output: an exit status alone explains
// nothing to a developer.
func (c *cluster) run(ctx context.Context, cmd *exec.Cmd) error {
	const enough = 500 // bytes of output in an error
	out, err := proc.Run(ctx, cmd)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, tail(out, enough))
}

// stopOrphan stops a server that its owner left behind, and removes the pid
// file of one that was killed if that pid belongs to somebody else by now:
// PostgreSQL would refuse to start. Otherwise the file stays, for by it
// PostgreSQL knows whether sessions of the killed server still write.
//
// A server is left behind where the kernel does not end it with its owner, which is
// everywhere but on Linux. It gets SIGINT, a fast shutdown, and stopTimeout for it. It is
// not killed after that: it may be writing what was committed, so a person has to decide.
func (c *cluster) stopOrphan(ctx context.Context) error {
	pid, _ := c.pidFile()
	if pid == 0 {
		return nil
	}
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil
	}
	if !c.isOurs(pid) {
		c.log.Info("removed a stale pid file", "pid", pid, "dir", c.dir)
		return os.Remove(c.path("data/postmaster.pid"))
	}
	c.log.Info("stopping a database that was left behind", "pid", pid, "dir", c.dir)
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("stop the server left behind, process %d: %w", pid, err)
	}
	for {
		if now, _ := c.pidFile(); now == 0 {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("the server left behind, process %d, does not stop: "+
				"end it by hand", pid)
		}
	}
}

// pidFile returns the process id of the server that writes to the data
// directory and what it says of itself, such as "ready"; 0 if there is none. The first line
// of the file is the process id and the eighth the status, padded with spaces; a server that
// has just begun has not written the eighth yet. A file that is empty or cannot be read is
// as good as none: the next poll looks again.
func (c *cluster) pidFile() (pid int, status string) {
	data, err := os.ReadFile(c.path("data/postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	const pidLine, statusLine = 0, 7
	lines := strings.Split(string(data), "\n")
	pid, err = strconv.Atoi(lines[pidLine])
	if err != nil {
		return 0, ""
	}
	if len(lines) > statusLine {
		status = strings.TrimSpace(lines[statusLine])
	}
	return pid, status
}

// isOurs reports whether process pid is a server of this data directory, and
// not one that was given the same number later: a signal to that would hit a stranger's
// process. Linux tells in /proc; macOS has none, so ps is asked there.
func (c *cluster) isOurs(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		line, err = exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && bytes.Contains(line, []byte("postgres")) &&
		bytes.Contains(line, []byte(c.path("data")))
}
