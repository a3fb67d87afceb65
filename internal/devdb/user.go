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
// can reach, such as one below /root. The downloaded programs go there too: see fetchHome.
const rootHome = "/var/lib/flowhq-dev"

// A runner is the user the server runs as. The zero runner is ourselves: nothing has to be
// given away, and every check of what it may reach is left out.
type runner struct {
	name     string // for messages
	uid, gid uint32 // uid 0 is never another user, as that would be root again
}

// serverUser returns the zero runner, or, for root, whom PostgreSQL refuses,
// the first of some users that exist. DEV_PG_USER overrides the choice; a name that this
// machine does not know, or one of root's, is passed over. Root is the
// usual user in containers.
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
	return runner{}, errors.New("PostgreSQL does not run as root, and this machine has no user " +
		"postgres, nobody or daemon: name one in DEV_PG_USER, or set DATABASE_URL")
}

// other reports whether r is another user than this process's, which is then root.
func (r runner) other() bool { return r.uid != 0 }

// attr makes a command run as r. The command gets none of root's further groups, so mayEnter
// need look at only one.
func (r runner) attr() *syscall.SysProcAttr {
	if !r.other() {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: r.uid, Gid: r.gid}}
}

// home returns dir, or a folder of rootHome in its stead if r cannot reach dir.
// The folder exists and belongs to r; what is below it keeps its owner. The name of a folder
// in rootHome is made from dir, so that the next start of the same dir finds its data again,
// and the log says where they are.
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
		log.Info("database folder moved", "from", dir, "to", moved,
			"because", "unreachable for user "+r.name)
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

// originFile, in a folder of rootHome, holds the path that it stands for. The folder's name is
// a hash, from which neither sweepMoved nor a person could tell.
const originFile = "origin"

// sweepMoved removes the folders that stand for temporary ones, of tests for
// instance, which are gone. What cannot be removed is left for the next time. Only paths below
// the folder for temporary files count: another one may be missing because a disk is not
// mounted, and its data must not be erased for that.
func sweepMoved() {
	// Glob fails only on a malformed pattern.
	origins, _ := filepath.Glob(filepath.Join(rootHome, "*", originFile))
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

// mayEnter reports whether r may pass through one folder. As in the kernel, only the first
// class that fits counts: an owner without the right is not helped by the right of all others.
func (r runner) mayEnter(info fs.FileInfo) bool {
	const x = 0o1 // on a folder, the right to pass through it
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

// own gives path to r, but nothing below it; a no-op if r is ourselves. PostgreSQL refuses a
// data directory that belongs to somebody else than the user it runs as.
func (r runner) own(path string) error {
	if !r.other() {
		return nil
	}
	return os.Chown(path, int(r.uid), int(r.gid))
}
