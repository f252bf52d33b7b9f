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
func writeFile(path string, render func(io.Writer) error) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays a link
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInPlace(path, render)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // may be closed already
			_ = os.Remove(f.Name()) // the error that matters is the first
		}
	}()
	if err := render(f); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
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

// writeSecret writes a file whole or not at all, readable by its owner only.
func writeSecret(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // for its owner only
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
