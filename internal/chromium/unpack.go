package chromium

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/andybalholm/brotli"
)

const (
	// program is the browser in its folder, and launcher the script that starts it.
	program, launcher = "headless-shell", "chromium"
	// maxFileBytes of one file (the browser has 209 MB) and maxFiles bound what is unpacked. The
	// package has passed its checksum by then, so this only guards against a wrong pin.
	maxFileBytes = 512 << 20
	maxFiles     = 200
)

// parts are the files of the package that hold a browser, and where they go: archives into a
// folder. The package's drivers for graphics are left out, since nothing here draws in three
// dimensions.
var parts = map[string]string{
	"package/bin/chromium.br":   program,
	"package/bin/al2023.tar.br": "libraries",
	"package/bin/fonts.tar.br":  "fonts",
}

// script starts the browser with the libraries and the fonts beside it. Without any font the
// browser ends at the first letter, and a bare machine has none.
const script = `#!/bin/sh
dir=$(dirname "$0")
export LD_LIBRARY_PATH="$dir/libraries/lib" FONTCONFIG_FILE="$dir/fonts.conf"
exec "$dir/` + program + `" "$@"
`

// fontsConfig finds the fonts beside it, and those of the system, if it has any.
const fontsConfig = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`

// writeLauncher adds what the package lacks.
func writeLauncher(dir string) error {
	return errors.Join(
		os.WriteFile(path.Join(dir, launcher), []byte(script), 0o755), //nolint:gosec // it is run
		os.WriteFile(path.Join(dir, "fonts.conf"), []byte(fontsConfig), 0o600),
	)
}

// unpack writes the browser of a package below dir, which it makes. Nothing in the archives can
// reach out of dir: os.Root refuses such paths, and only regular files are taken.
func unpack(file, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zipped, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	missing := len(parts)
	err = each(zipped, func(name string, r io.Reader) error {
		to, ok := parts[name]
		if !ok {
			return nil
		}
		missing--
		r = brotli.NewReader(r)
		if to == program {
			return write(root, to, r)
		}
		return each(r, func(name string, r io.Reader) error {
			return write(root, path.Join(to, name), r)
		})
	})
	if err == nil && missing > 0 {
		err = fmt.Errorf("the package lacks %d of its parts", missing)
	}
	return err
}

// each calls do for every regular file of an archive.
func each(archive io.Reader, do func(name string, r io.Reader) error) error {
	files := tar.NewReader(archive)
	for range maxFiles {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := do(h.Name, files); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	return fmt.Errorf("more than %d files", maxFiles)
}

// write writes one file, which may be run: most of them are programs and libraries.
func write(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	w, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(r, maxFileBytes))
	if err == nil && n == maxFileBytes {
		err = fmt.Errorf("larger than %d bytes", maxFileBytes)
	}
	return errors.Join(err, w.Close())
}
