package depot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
)

// Local is a Depot in a directory of this machine. Absolute paths of backups lie below that directory too, and nothing
// outside of it is ever touched, symbolic links included. Make one with NewLocal.
type Local struct {
	root string
	mu   sync.Mutex // one writer at a time
}

// NewLocal returns a depot below root, which is made when the first backup is.
func NewLocal(root string) *Local { return &Local{root: root} }

// open opens the root; create makes it where it is missing.
func (l *Local) open(create bool) (*os.Root, error) {
	if create {
		if err := os.MkdirAll(l.root, 0o700); err != nil {
			return nil, fmt.Errorf("depot: %w", err)
		}
	}
	return os.OpenRoot(l.root)
}

// below is a backup's directory in terms of the root.
func below(dir string) string {
	if p := strings.TrimPrefix(path.Clean("/"+dir), "/"); p != "" {
		return p
	}
	return "."
}

// Put implements Depot: it writes under a temporary name, synchronises, and renames.
func (l *Local) Put(ctx context.Context, dir, name string, files []File, replace bool) error {
	if err := checkPut(ctx, name, files); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	root, err := l.open(true)
	if err != nil {
		return err
	}
	defer root.Close()
	parent := below(dir)
	if err := root.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("depot: %w", err)
	}
	final, part := path.Join(parent, name), path.Join(parent, temporary+name)
	if _, err := root.Lstat(final); err == nil && !replace {
		return fmt.Errorf("%w: %s", ErrExists, name)
	}
	if err := root.RemoveAll(part); err != nil {
		return fmt.Errorf("depot: %w", err)
	}
	if err := write(ctx, root, part, files); err != nil {
		return errors.Join(err, root.RemoveAll(part))
	}
	return swap(root, part, final, path.Join(parent, replaced+name))
}

func write(ctx context.Context, root *os.Root, dir string, files []File) error {
	if err := root.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("depot: %w", err)
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeFile(root, path.Join(dir, f.Name), f.Data); err != nil {
			return fmt.Errorf("depot: %w", err)
		}
	}
	return nil
}

func writeFile(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// swap puts part in the place of final. A final that is there goes away only once its successor has its name.
func swap(root *os.Root, part, final, old string) error {
	if err := root.RemoveAll(old); err != nil {
		return fmt.Errorf("depot: %w", err)
	}
	err := root.Rename(final, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("depot: %w", err)
	}
	if err := root.Rename(part, final); err != nil {
		return fmt.Errorf("depot: %w", err)
	}
	return root.RemoveAll(old)
}

// List implements Depot.
func (l *Local) List(ctx context.Context, dir string) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	root, err := l.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	defer root.Close()
	entries, err := readDir(root, below(dir))
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	var out []Entry
	for _, e := range entries {
		if info, err := e.Info(); err == nil && !strings.HasPrefix(e.Name(), temporary) {
			out = append(out, Entry{Name: e.Name(), Dir: e.IsDir(), Modified: info.ModTime()})
		}
	}
	return sorted(out), ctx.Err()
}

// readDir is what lies in dir; nothing where there is none. A backup whose replacement was cut off between its two
// renames gets its name back.
func readDir(root *os.Root, dir string) ([]fs.DirEntry, error) {
	read := func() ([]fs.DirEntry, error) {
		entries, err := fs.ReadDir(root.FS(), dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return entries, err
	}
	entries, err := read()
	rescued := false
	for _, e := range entries {
		name, old := strings.CutPrefix(e.Name(), replaced)
		if !old {
			continue
		}
		if _, gone := root.Lstat(path.Join(dir, name)); errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, root.Rename(path.Join(dir, e.Name()), path.Join(dir, name)))
			rescued = true
		}
	}
	if rescued && err == nil {
		return read()
	}
	return entries, err
}

// replaced begins the name of a backup that is to go away once its successor has its name.
const replaced = temporary + "old-"

// Get implements Depot.
func (l *Local) Get(ctx context.Context, dir, name string) ([]File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	root, err := l.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNone, name)
	}
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	defer root.Close()
	place := path.Join(below(dir), name)
	entries, err := fs.ReadDir(root.FS(), place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNone, name)
	}
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	var out []File
	for _, e := range entries { // ReadDir sorts by name
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !e.Type().IsRegular() {
			return nil, fmt.Errorf("%w: %q lies in the backup", ErrForeign, shown(e.Name()))
		}
		data, err := readFile(root, path.Join(place, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("depot: %w", err)
		}
		out = append(out, File{Name: e.Name(), Data: data})
	}
	return out, nil
}

func readFile(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, MaxFile)
	}
	return data, err
}

// Clear implements Depot. It removes directories that have a backup's name and manifest, and nothing else.
func (l *Local) Clear(ctx context.Context) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	root, err := l.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("depot: %w", err)
	}
	defer root.Close()
	var found []string
	err = fs.WalkDir(root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() == manifestName && isName(path.Base(path.Dir(p))) {
			found = append(found, path.Dir(p))
		}
		return errors.Join(err, ctx.Err())
	})
	if err != nil {
		return 0, fmt.Errorf("depot: %w", err)
	}
	for i, dir := range found {
		if err := root.RemoveAll(dir); err != nil {
			return i, fmt.Errorf("depot: %w", err)
		}
	}
	return len(found), nil
}
