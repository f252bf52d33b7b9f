package depot

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// Memory is a Depot that forgets when the process ends. Make one with NewMemory.
type Memory struct {
	mu   sync.Mutex
	dirs map[string]map[string][]File // by directory, by name
}

// NewMemory returns an empty depot.
func NewMemory() *Memory { return &Memory{dirs: map[string]map[string][]File{}} }

// Put implements Depot.
func (m *Memory) Put(ctx context.Context, dir, name string, files []File, replace bool) error {
	if err := checkPut(ctx, name, files); err != nil {
		return err
	}
	dir = path.Clean("/" + dir)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirs[dir] == nil {
		m.dirs[dir] = map[string][]File{}
	}
	if _, there := m.dirs[dir][name]; there && !replace {
		return fmt.Errorf("%w: %s", ErrExists, name)
	}
	m.dirs[dir][name] = cloned(files)
	return nil
}

func checkPut(ctx context.Context, name string, files []File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkName(name); err != nil {
		return err
	}
	for _, f := range files {
		if err := checkName(f.Name); err != nil {
			return err
		}
	}
	return nil
}

// cloned is a deep copy, sorted by name.
func cloned(files []File) []File {
	out := make([]File, len(files))
	for i, f := range files {
		out[i] = File{Name: f.Name, Data: bytes.Clone(f.Data)}
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// List implements Depot.
func (m *Memory) List(ctx context.Context, dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for name := range m.dirs[path.Clean("/"+dir)] {
		out = append(out, name)
	}
	slices.Sort(out)
	return out, ctx.Err()
}

// Get implements Depot.
func (m *Memory) Get(ctx context.Context, dir, name string) ([]File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	files, there := m.dirs[path.Clean("/"+dir)][name]
	if !there {
		return nil, fmt.Errorf("%w: %s", ErrNone, name)
	}
	return cloned(files), ctx.Err()
}

// Clear implements Depot.
func (m *Memory) Clear(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, names := range m.dirs {
		n += len(names)
	}
	clear(m.dirs)
	return n, nil
}
