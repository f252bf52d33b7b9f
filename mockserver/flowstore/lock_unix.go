//go:build unix

package flowstore

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile keeps other processes out until the file is closed, which the end of the process does too.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // a file of the directory that the user named
	if err != nil {
		return nil, fmt.Errorf("flowstore: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a file descriptor
		_ = f.Close()
		return nil, fmt.Errorf("flowstore: another process keeps its statistics in %s (hint: end it, or name another directory)", filepath.Dir(path))
	}
	return f, nil
}
