package flowstore_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

var background = context.Background()

// everything is all rows of a store, as they stand at now.
func everything(t require.TestingT, s flowstore.Store) (out [][]flowstore.Row) {
	for _, g := range intervals {
		for _, minutes := range []bool{false, true} {
			q := flowstore.Query{Now: now, Interval: g, Window: flowstore.Window{From: g.Floor(now - 7200), To: g.Ceil(now)}, PeakMinutes: minutes}
			out = append(out, rows(t, s, q))
		}
	}
	return out
}

func reopen(t require.TestingT, dir string, o flowstore.ArchiveOptions) (*flowstore.Collected, *flowstore.Archive, flowstore.Recovery) {
	store := flowstore.NewCollected(flowstore.CollectedOptions{})
	a, r, err := flowstore.OpenArchive(dir, store, o)
	require.NoError(t, err)
	return store, a, r
}

// Whatever was counted, cleared and flushed, with generations beginning all the time or never, is there again.
func TestAnArchiveHoldsWhatWasFlushed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "flowstore-")
		require.NoError(t, err)
		defer os.RemoveAll(dir) //nolint:errcheck // of a temporary directory
		o := flowstore.ArchiveOptions{Compact: rapid.SampledFrom([]int64{1, 200, 1 << 20}).Draw(t, "compact")}
		plain := flowstore.NewCollected(flowstore.CollectedOptions{})
		store, a, _ := reopen(t, dir, o)
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				require.Equal(t, plain.Clear(), store.Clear())
			case 1, 2, 3:
				require.NoError(t, a.Flush())
			case 4:
				require.NoError(t, a.Close())
				store, a, _ = reopen(t, dir, o)
				require.Equal(t, everything(t, plain), everything(t, store))
			default:
				arrival := one(netip.AddrFrom4([4]byte{192, 0, 2, byte(rapid.IntRange(0, 3).Draw(t, "source"))}), rapid.Int64Range(now-7200, now-1).Draw(t, "second"))
				plain.Count(arrival)
				store.Count(arrival)
			}
		}
		require.NoError(t, a.Close())
		store, a, _ = reopen(t, dir, o)
		require.Equal(t, everything(t, plain), everything(t, store))
		require.NoError(t, a.Close())
	})
}

// copied is a directory as another process would find it.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(to, "d"), os.DirFS(dir)))
	return filepath.Join(to, "d")
}

// A log that ends anywhere holds each flush that it holds whole, and no part of another; and it goes on from there.
func TestEveryCutOfTheTail(t *testing.T) {
	dir := t.TempDir()
	store, a, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	log := filepath.Join(dir, "counts-000001")
	ends := []int64{}
	states := [][][]flowstore.Row{}
	note := func() {
		require.NoError(t, a.Flush())
		info, err := os.Stat(log)
		require.NoError(t, err)
		ends, states = append(ends, info.Size()), append(states, everything(t, store))
	}
	note()
	for i := range int64(4) {
		store.Count(one(router, now-100+i))
		store.Count(one(netip.MustParseAddr("2001:db8::7"), now-50))
		if i == 2 {
			store.Clear()
			store.Count(one(router, now-10))
		}
		note()
	}
	whole, err := os.ReadFile(log)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	for cut := range len(whole) + 1 {
		broken := copied(t, dir)
		require.NoError(t, os.WriteFile(filepath.Join(broken, "counts-000001"), whole[:cut], 0o600))
		want, end := 0, int64(0)
		for i, e := range ends {
			if e <= int64(cut) {
				want, end = i, e
			}
		}
		got, b, r := reopen(t, broken, flowstore.ArchiveOptions{})
		// A flush of a clear and of what came after is two frames: between them, all is forgotten.
		if rows := everything(t, got); len(got.Sources()) > 0 || want != 2 {
			require.Equal(t, states[want], rows, "cut at %d", cut)
			require.LessOrEqual(t, r.Torn, max(int64(cut)-end, 0))
		}
		got.Count(one(router, now-1))
		after := everything(t, got)
		require.NoError(t, b.Close())
		again, c, r := reopen(t, broken, flowstore.ArchiveOptions{})
		require.Zero(t, r.Torn)
		require.Equal(t, after, everything(t, again))
		require.NoError(t, c.Close())
	}
}

// A byte that has changed ends the log before its frame; nothing wrong is counted.
func TestAChangedByteIsNotCounted(t *testing.T) {
	dir := t.TempDir()
	store, a, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	store.Count(one(router, now-1))
	require.NoError(t, a.Close())
	path := filepath.Join(dir, "counts-000001")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x10
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		got := flowstore.NewCollected(flowstore.CollectedOptions{})
		a, r, err := flowstore.OpenArchive(dir, got, flowstore.ArchiveOptions{})
		if at < 8 {
			require.ErrorContains(t, err, "hint:")
			continue
		}
		require.NoError(t, err)
		require.Empty(t, got.Sources())
		require.NotZero(t, r.Torn)
		require.NoError(t, a.Close())
	}
}

// A state was complete before it got its name, so one that is not is no accident, and nothing is made up for it.
func TestADamagedStateIsRefused(t *testing.T) {
	dir := t.TempDir()
	store, a, _ := reopen(t, dir, flowstore.ArchiveOptions{Compact: 1})
	store.Count(one(router, now-1))
	require.NoError(t, a.Flush())
	require.NoError(t, a.Close())
	states, err := filepath.Glob(filepath.Join(dir, "state-*"))
	require.NoError(t, err)
	require.Len(t, states, 1, "older ones are removed")
	whole, err := os.ReadFile(states[0])
	require.NoError(t, err)
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		for _, text := range [][]byte{changed, whole[:at]} {
			require.NoError(t, os.WriteFile(states[0], text, 0o600))
			_, _, err := flowstore.OpenArchive(dir, flowstore.NewCollected(flowstore.CollectedOptions{}), flowstore.ArchiveOptions{})
			require.ErrorContains(t, err, "is damaged (hint: move it away", "byte %d", at)
		}
	}
}

// The next generation's state is written beside. A process that ends at any point of that leaves all there is.
func TestEveryEndOfAGeneration(t *testing.T) {
	dir := t.TempDir()
	store, a, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	store.Count(one(router, now-5))
	require.NoError(t, a.Flush())
	before := copied(t, dir) // with its log
	require.NoError(t, a.Close())
	_, b, _ := reopen(t, dir, flowstore.ArchiveOptions{Compact: 1})
	require.NoError(t, b.Close())
	want := everything(t, store)
	state, err := os.ReadFile(filepath.Join(dir, "state-000002"))
	require.NoError(t, err)
	magic, err := os.ReadFile(filepath.Join(dir, "counts-000002"))
	require.NoError(t, err)
	for name, files := range map[string]map[string][]byte{
		"log begun":          {"counts-000002": nil},
		"log there":          {"counts-000002": magic},
		"state half written": {"counts-000002": magic, "state-000002.part": state[:len(state)/2]},
		"state there":        {"counts-000002": magic, "state-000002": state},
	} {
		d := copied(t, before)
		for file, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(d, file), text, 0o600))
		}
		got, c, r := reopen(t, d, flowstore.ArchiveOptions{})
		require.Zero(t, r.Torn, name)
		require.Equal(t, want, everything(t, got), name)
		require.NoError(t, c.Close())
		left, err := filepath.Glob(filepath.Join(d, "*.part"))
		require.NoError(t, err)
		require.Empty(t, left, name)
	}
}

// What could not be written is made up for as soon as writing works again.
func TestAFlushThatFailsIsMadeUpFor(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root writes into any directory: the failure is made with a directory in the place of a file")
	}
	dir := t.TempDir()
	store, a, _ := reopen(t, dir, flowstore.ArchiveOptions{Compact: 1})
	inTheWay := filepath.Join(dir, "state-000002.part", "x")
	require.NoError(t, os.MkdirAll(inTheWay, 0o700))
	store.Count(one(router, now-5))
	_ = a.Flush() // begins a generation, whose state cannot be written
	store.Count(one(router, now-4))
	require.Eventually(t, func() bool { return a.Flush() != nil }, waitFor, tick, "the failure is told")
	require.NoError(t, os.RemoveAll(filepath.Dir(inTheWay)))
	store.Count(one(router, now-3))
	require.NoError(t, a.Flush())
	require.NoError(t, a.Close())
	got, b, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	require.Equal(t, everything(t, store), everything(t, got))
	require.NoError(t, b.Close())
}

// What was counted after a state could not be written is kept all the same, even if nothing but Close follows.
func TestACloseAfterAFailureKeepsWhatWasCounted(t *testing.T) {
	dir := t.TempDir()
	store, a, _ := reopen(t, dir, flowstore.ArchiveOptions{Compact: 1})
	inTheWay := filepath.Join(dir, "state-000002.part", "x")
	require.NoError(t, os.MkdirAll(inTheWay, 0o700))
	store.Count(one(router, now-5))
	require.NoError(t, a.Flush(), "begins a generation, whose state cannot be written")
	store.Count(one(router, now-4))
	require.Error(t, a.Close(), "the failure is told")
	require.NoError(t, os.RemoveAll(filepath.Dir(inTheWay)))
	got, b, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	require.Equal(t, everything(t, store), everything(t, got))
	require.NoError(t, b.Close())
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	_, a, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	_, _, err := flowstore.OpenArchive(dir, flowstore.NewCollected(flowstore.CollectedOptions{}), flowstore.ArchiveOptions{})
	require.ErrorContains(t, err, "another process")
	require.NoError(t, a.Close())
	require.NoError(t, a.Close())
	require.Error(t, a.Flush())
	_, b, _ := reopen(t, dir, flowstore.ArchiveOptions{})
	require.NoError(t, b.Close())
}

// FuzzLog reads any bytes as a log: they never make it panic, and what is read can be written and read again.
func FuzzLog(f *testing.F) {
	dir := f.TempDir()
	store, a, _ := reopen(f, dir, flowstore.ArchiveOptions{})
	store.Count(one(router, now-1))
	store.Count([]flowstore.Arrival{{Source: netip.MustParseAddr("2001:db8::1"), Second: -5, Bucket: flow.Bucket{Packets: 1 << 60}}})
	require.NoError(f, a.Close())
	whole, err := os.ReadFile(filepath.Join(dir, "counts-000001"))
	require.NoError(f, err)
	f.Add(whole)
	f.Add([]byte("fgflows1\x01\x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, log []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "counts-000001"), log, 0o600))
		store := flowstore.NewCollected(flowstore.CollectedOptions{})
		a, _, err := flowstore.OpenArchive(dir, store, flowstore.ArchiveOptions{Compact: 1})
		if err != nil {
			return
		}
		want := everything(t, store)
		require.NoError(t, a.Close())
		again, b, _ := reopen(t, dir, flowstore.ArchiveOptions{})
		require.Equal(t, want, everything(t, again))
		require.NoError(t, b.Close())
	})
}

// waitFor bounds what another goroutine may take; tick is how often it is looked at.
const (
	waitFor = time.Minute
	tick    = time.Millisecond
)

// Counting, asking, flushing and clearing go on at the same time, with time running over the edges of pages.
func TestEverythingAtOnce(t *testing.T) {
	store, a, _ := reopen(t, t.TempDir(), flowstore.ArchiveOptions{Compact: 1000})
	var all sync.WaitGroup
	begin := flowstore.Hour.Floor(now) - 7200
	for i := range byte(2) {
		all.Go(func() {
			for s := range int64(3600) {
				store.Count(one(netip.AddrFrom4([4]byte{192, 0, 2, i}), begin+s*2))
			}
		})
		all.Go(func() {
			for range 20 {
				for _, r := range everything(t, store) {
					for _, row := range r {
						if row.PeakFlows > row.Flows || row.Flows != 3*row.Packets {
							t.Errorf("%+v", row)
						}
					}
				}
			}
		})
	}
	all.Go(func() {
		for i := range 30 {
			if err := a.Flush(); err != nil {
				t.Error(err)
			}
			if i == 15 {
				store.Clear()
			}
		}
	})
	all.Wait()
	require.NoError(t, a.Close())
}
