package npmpack

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// Limits of what is unpacked. A package has passed its checksum by then, so they only guard against
// a wrong pin. The largest file there is, Chromium's program, has 209 MB; PostgreSQL has 1,900 files.
const (
	maxFileBytes = 512 << 20
	maxFiles     = 5000
)

// Unpack calls do for each regular file of the package in file. Below root do can write it by Write.
// A name begins with "package/", as npm has it.
func Unpack(file string, do func(name string, r io.Reader) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zipped, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	return Each(zipped, do)
}

// Each calls do for each regular file of a tar archive. It takes no links and no devices, since
// these can lead out of the folder that they are unpacked into.
func Each(archive io.Reader, do func(name string, r io.Reader) error) error {
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

// Write writes one file below root, with its folders. The mode is the caller's and not the
// archive's. A name that is there already is an error, as is one that leads out of root.
func Write(root *os.Root, name string, mode os.FileMode, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	w, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(r, maxFileBytes))
	if err == nil && n == maxFileBytes {
		err = fmt.Errorf("larger than %d bytes", maxFileBytes)
	}
	return errors.Join(err, w.Close())
}
