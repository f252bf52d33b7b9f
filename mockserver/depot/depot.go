// Package depot keeps backups: in memory, in a directory, or wherever else a [Depot] can put a directory of files.
// It also knows what a backup is: [Save] writes one and [Load] reads the newest back.
package depot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Depot is a place for backups. Each backup is a directory of a few files. Paths are slash-separated, cleaned by
// [Clean], and may start with a slash. A Depot is safe for concurrent use.
type Depot interface {
	// Put makes the directory dir/name with the files, whole or not at all: who looks sees all files or no directory.
	// Directories above it are made. Where it exists already, the error is ErrExists, unless replace is set.
	Put(ctx context.Context, dir, name string, files []File, replace bool) error
	// List returns what lies in dir, sorted by name; what is under construction is not among it. A dir that does not
	// exist is empty.
	List(ctx context.Context, dir string) ([]Entry, error)
	// Get returns the files of dir/name, sorted by name. Where there is no such directory, the error is ErrNone; where
	// anything but files is in it, ErrForeign.
	Get(ctx context.Context, dir, name string) ([]File, error)
	// Clear removes all backups that Put made, and returns how many.
	Clear(ctx context.Context) (int, error)
}

// File is one file of a backup.
type File struct {
	Name string // without a slash
	Data []byte
}

// Entry is what lies in a directory.
type Entry struct {
	Name     string
	Dir      bool
	Modified time.Time // rises with what is put later; of a whole second in some depots
}

// MaxFile bounds a file that is read back.
const MaxFile = 16 << 20

// Errors that a caller may ask for with errors.Is.
var (
	ErrExists = errors.New("a backup of that name is there already")
	ErrNone   = errors.New("no backup is there")
	// ErrUnreachable says that the place cannot be reached.
	ErrUnreachable = errors.New("no route to the host")
)

// Destination is a place on another machine.
type Destination struct {
	Host, Username, Password string
}

// Open connects to a depot on another machine. Errors wrap ErrUnreachable where the machine is not there, and never
// hold the password. The depot is closed by calling closing, which is never nil where the error is nil.
type Open func(ctx context.Context, to Destination) (d Depot, closing func(), err error)

// NoRoute is an Open that reaches no machine.
func NoRoute(_ context.Context, to Destination) (Depot, func(), error) {
	return nil, nil, fmt.Errorf("%w %s", ErrUnreachable, to.Host)
}

// Clean checks a path for backups and brings it into its shortest form. The error says what a path may be.
func Clean(p string) (string, error) {
	const expected = " (expected: a path such as /mnt/data/flowgateway-backup, without .. and control characters, of at most 1024 bytes)"
	switch {
	case p == "":
		return "", errors.New("must not be empty" + expected)
	case len(p) > 1024:
		return "", errors.New("is too long" + expected)
	case strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errors.New("holds a control character" + expected)
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." {
			return "", errors.New("leads upwards" + expected)
		}
	}
	return path.Clean(p), nil
}

// checkName refuses names that are not those of one directory or file.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") || strings.HasPrefix(name, temporary) {
		return fmt.Errorf("depot: %q is no name of a directory or file", name)
	}
	return nil
}

// temporary begins the name of a directory under construction.
const temporary = ".part-"
