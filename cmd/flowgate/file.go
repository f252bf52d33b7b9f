package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeFile writes a file whole or not at all: who looks sees the old content or the new. What is no regular file, such
// as /dev/stderr, is written to as it stands.
func writeFile(path string, render func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays a link
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInPlace(path, render)
	}
	if err := replace(path, 0o644, render); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	return nil
}

// writeSecret writes a file whole or not at all, readable by its owner only.
func writeSecret(path string, text []byte) error {
	return replace(path, 0o600, func(w io.Writer) error { _, err := w.Write(text); return err })
}

// replace writes a file beside the one at path, and puts it in its place.
func replace(path string, perm os.FileMode, render func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // for its owner only
	if err != nil {
		return err
	}
	err = render(f)
	if err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func writeInPlace(path string, render func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	if err := render(f); err != nil {
		_ = f.Close() // the error that matters is the first
		return fmt.Errorf("cannot be written: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	return nil
}

// readFile reads a file that a flag names.
func readFile(flag, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("", "%s: %w", flag, err)
	}
	return text, nil
}
