package chromium

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/andybalholm/brotli"
	"github.com/flowhq/flowhq/internal/npmpack"
)

// program is the browser in its folder, and launcher the script that starts it.
const program, launcher = "headless-shell", "chromium"

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

// unpack writes the browser of a package below dir, which it makes.
func unpack(file, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	// Most of the files are programs and libraries.
	write := func(name string, r io.Reader) error { return npmpack.Write(root, name, 0o755, r) }
	missing := len(parts)
	err = npmpack.Unpack(file, func(name string, r io.Reader) error {
		to, ok := parts[name]
		if !ok {
			return nil
		}
		missing--
		r = brotli.NewReader(r)
		if to == program {
			return write(to, r)
		}
		return npmpack.Each(r, func(name string, r io.Reader) error {
			return write(path.Join(to, name), r)
		})
	})
	if err == nil && missing > 0 {
		err = fmt.Errorf("the package lacks %d of its parts", missing)
	}
	return err
}
