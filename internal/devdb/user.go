package devdb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// rootHome is where clusters go when root works in a folder that nobody else
// can reach, such as one below /root.
const rootHome = "/var/lib/flowhq-dev"

// A runner is the user the server runs as. The zero runner is ourselves.
type runner struct {
	name     string
	uid, gid uint32
}

// serverUser returns the zero runner, or, for root, whom PostgreSQL refuses,
// the first of some users that exist. DEV_PG_USER overrides the choice.
func serverUser() (runner, error) {
	if os.Geteuid() != 0 {
		return runner{}, nil
	}
	for _, name := range []string{os.Getenv("DEV_PG_USER"), "postgres", "nobody", "daemon"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 != nil || err2 != nil || uid == 0 {
			continue
		}
		return runner{name: u.Username, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return runner{}, errors.New("PostgreSQL does not run as root, and this machine has no user postgres, nobody or daemon: name one in DEV_PG_USER, or set DATABASE_URL")
}

func (r runner) other() bool { return r.uid != 0 }

// attr makes a command run as r.
func (r runner) attr() *syscall.SysProcAttr {
	if !r.other() {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: r.uid, Gid: r.gid}}
}

// home returns dir, or a folder of rootHome in its stead if r cannot reach dir.
// The folder exists and belongs to r.
func (r runner) home(dir string, log *slog.Logger) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return dir, err
	}
	if !r.other() {
		return dir, nil
	}
	if !r.reaches(dir) {
		sum := sha256.Sum256([]byte(dir))
		moved := filepath.Join(rootHome, hex.EncodeToString(sum[:6]))
		log.Info("database folder moved", "from", dir, "to", moved, "because", "unreachable for user "+r.name)
		sweepMoved()
		if err := os.MkdirAll(moved, 0o755); err != nil {
			return moved, err
		}
		if err := os.WriteFile(filepath.Join(moved, originFile), []byte(dir), 0o600); err != nil {
			return moved, err
		}
		dir = moved
	}
	return dir, r.own(dir)
}

// originFile, in a folder of rootHome, holds the path that it stands for.
const originFile = "origin"

// sweepMoved removes the folders that stand for temporary ones, of tests for
// instance, which are gone. What cannot be removed is left for the next time.
func sweepMoved() {
	origins, _ := filepath.Glob(filepath.Join(rootHome, "*", originFile)) // fails only on a malformed pattern
	for _, name := range origins {
		origin, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(origin), os.TempDir()+"/") {
			continue
		}
		if _, err := os.Stat(string(origin)); errors.Is(err, fs.ErrNotExist) {
			_ = os.RemoveAll(filepath.Dir(name))
		}
	}
}

// reaches reports whether r may pass through every folder above dir. What it
// does not see (access lists, mount options) shows as an error of initdb.
func (r runner) reaches(dir string) bool {
	for p := filepath.Dir(dir); ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil || !r.mayEnter(info) {
			return false
		}
		if p == filepath.Dir(p) {
			return true
		}
	}
}

func (r runner) mayEnter(info fs.FileInfo) bool {
	const x = 0o1
	mode := info.Mode().Perm()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case st.Uid == r.uid:
			return mode>>6&x != 0
		case st.Gid == r.gid:
			return mode>>3&x != 0
		}
	}
	return mode&x != 0
}

// own gives path to r; a no-op if r is ourselves.
func (r runner) own(path string) error {
	if !r.other() {
		return nil
	}
	return os.Chown(path, int(r.uid), int(r.gid))
}
