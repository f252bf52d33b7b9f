// Package depottest holds what every depot must do, as tests.
package depottest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// dirs are the names of directories.
func dirs(entries []depot.Entry) (names []string) {
	for _, e := range entries {
		if e.Dir {
			names = append(names, e.Name)
		}
	}
	return names
}

// Run runs the contract of depot.Depot against depots that make returns, each of them empty.
func Run(t *testing.T, make func(t *testing.T) depot.Depot) {
	files := []depot.File{{Name: "b", Data: []byte("two")}, {Name: "a", Data: []byte("one")}}
	sorted := []depot.File{files[1], files[0]}
	tests := map[string]func(t *testing.T, d depot.Depot){
		"what was put is got, sorted": func(t *testing.T, d depot.Depot) {
			for _, dir := range []string{"/mnt/data/backup", "relative/path", "."} {
				require.NoError(t, d.Put(t.Context(), dir, "20240108_2211", files, false))
				got, err := d.Get(t.Context(), dir, "20240108_2211")
				require.NoError(t, err)
				require.Equal(t, sorted, got)
				names, err := d.List(t.Context(), dir)
				require.NoError(t, err)
				require.Contains(t, dirs(names), "20240108_2211")
			}
		},
		"what is got is the caller's own": func(t *testing.T, d depot.Depot) {
			require.NoError(t, d.Put(t.Context(), "/b", "x", files, false))
			got, err := d.Get(t.Context(), "/b", "x")
			require.NoError(t, err)
			got[0].Data[0] = '!'
			got, err = d.Get(t.Context(), "/b", "x")
			require.NoError(t, err)
			require.Equal(t, sorted, got)
		},
		"names are sorted and of one directory": func(t *testing.T, d depot.Depot) {
			for _, name := range []string{"c", "a", "b"} {
				require.NoError(t, d.Put(t.Context(), "/b", name, files, false))
			}
			require.NoError(t, d.Put(t.Context(), "/other", "z", files, false))
			names, err := d.List(t.Context(), "/b/")
			require.NoError(t, err)
			require.Equal(t, []string{"a", "b", "c"}, dirs(names))
			names, err = d.List(t.Context(), "/nowhere")
			require.NoError(t, err)
			require.Empty(t, names)
		},
		"a name is taken once, or replaced": func(t *testing.T, d depot.Depot) {
			require.NoError(t, d.Put(t.Context(), "/b", "x", files, false))
			other := []depot.File{{Name: "c", Data: []byte("three")}}
			require.ErrorIs(t, d.Put(t.Context(), "/b", "x", other, false), depot.ErrExists)
			got, err := d.Get(t.Context(), "/b", "x")
			require.NoError(t, err)
			require.Equal(t, sorted, got)
			require.NoError(t, d.Put(t.Context(), "/b", "x", other, true))
			got, err = d.Get(t.Context(), "/b", "x")
			require.NoError(t, err)
			require.Equal(t, other, got, "nothing of the first is left")
		},
		"of many who want a name one gets it": func(t *testing.T, d depot.Depot) {
			var all sync.WaitGroup
			won := 0
			var mu sync.Mutex
			for i := range 8 {
				all.Go(func() {
					err := d.Put(t.Context(), "/b", "x", []depot.File{{Name: "f", Data: fmt.Append(nil, i)}}, false)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					}
				})
			}
			all.Wait()
			require.Equal(t, 1, won)
		},
		"what is put later is not older": func(t *testing.T, d depot.Depot) {
			for _, name := range []string{"c", "b", "a"} {
				require.NoError(t, d.Put(t.Context(), "/b", name, files, false))
			}
			list, err := d.List(t.Context(), "/b")
			require.NoError(t, err)
			require.Equal(t, []string{"a", "b", "c"}, dirs(list))
			require.False(t, list[0].Modified.Before(list[1].Modified), list)
			require.False(t, list[1].Modified.Before(list[2].Modified), list)
		},
		"what is not there is ErrNone": func(t *testing.T, d depot.Depot) {
			_, err := d.Get(t.Context(), "/b", "x")
			require.ErrorIs(t, err, depot.ErrNone)
		},
		"names that are paths are refused": func(t *testing.T, d depot.Depot) {
			for _, name := range []string{"", ".", "..", "a/b", "../x", `a\b`, "a\x00"} {
				require.Error(t, d.Put(t.Context(), "/b", name, files, false), name)
				require.Error(t, d.Put(t.Context(), "/b", "x", []depot.File{{Name: name}}, false), name)
			}
			names, err := d.List(t.Context(), "/b")
			require.NoError(t, err)
			require.Empty(t, names, "nothing is left of what failed")
		},
		"all that was put is cleared, and counted": func(t *testing.T, d depot.Depot) {
			backup := []depot.File{{Name: "manifest.json", Data: []byte("{}")}}
			for _, dir := range []string{"/b", "/c/d"} {
				require.NoError(t, d.Put(t.Context(), dir, "20240108_2211", backup, false))
			}
			require.NoError(t, d.Put(t.Context(), "/b", "20240108_2211", backup, true))
			for _, want := range []int{2, 0} {
				n, err := d.Clear(t.Context())
				require.NoError(t, err)
				require.Equal(t, want, n)
			}
			for _, dir := range []string{"/b", "/c/d"} {
				left, err := d.List(t.Context(), dir)
				require.NoError(t, err)
				require.Empty(t, left)
			}
		},
		"an ended context ends the work": func(t *testing.T, d depot.Depot) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, d.Put(ctx, "/b", "x", files, false), context.Canceled)
			names, err := d.List(t.Context(), "/b")
			require.NoError(t, err)
			require.Empty(t, names)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, make(t)) })
	}
}
