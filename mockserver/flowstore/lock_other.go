//go:build !unix

package flowstore

import (
	"fmt"
	"os"
)

// lockFile opens the file. Here nothing keeps other processes out.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // a file of the directory that the user named
	if err != nil {
		return nil, fmt.Errorf("flowstore: %w", err)
	}
	return f, nil
}
