package depot

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Depot that forgets when the process ends. Make one with NewMemory.
type Memory struct {
	mu   sync.Mutex
	dirs map[string]map[string]stored // by directory, by name
	puts int64
}

type stored struct {
	files []File
	order int64 // of the Put that made it
}

// NewMemory returns an empty depot.
func NewMemory() *Memory { return &Memory{dirs: map[string]map[string]stored{}} }

// Put implements Depot.
func (m *Memory) Put(ctx context.Context, dir, name string, files []File, replace bool) error {
	if err := checkPut(ctx, name, files); err != nil {
		return err
	}
	dir = path.Clean("/" + dir)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirs[dir] == nil {
		m.dirs[dir] = map[string]stored{}
	}
	if _, there := m.dirs[dir][name]; there && !replace {
		return fmt.Errorf("%w: %s", ErrExists, name)
	}
	m.puts++
	m.dirs[dir][name] = stored{cloned(files), m.puts}
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

// List implements Depot. The times tell the order of what was put, and nothing else.
func (m *Memory) List(ctx context.Context, dir string) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Entry
	for name, s := range m.dirs[path.Clean("/"+dir)] {
		out = append(out, Entry{Name: name, Dir: true, Modified: time.Unix(s.order, 0)})
	}
	return sorted(out), ctx.Err()
}

// sorted sorts entries by name.
func sorted(entries []Entry) []Entry {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries
}

// Get implements Depot.
func (m *Memory) Get(ctx context.Context, dir, name string) ([]File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, there := m.dirs[path.Clean("/"+dir)][name]
	if !there {
		return nil, fmt.Errorf("%w: %s", ErrNone, name)
	}
	return cloned(s.files), ctx.Err()
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
