package flowstore

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Archive keeps what a Collected store counts in a directory: what was flushed is there again after the process has
// ended in whatever way. It is safe for concurrent use.
//
// The directory holds generations: a state, and the log of what was counted after it. A log only grows, a frame for each
// flush. When it has become large, the next generation begins with a log, its state is written beside it, and the older
// files are removed when that is complete. So at any moment the latest state and all logs from its generation on are
// the whole.
type Archive struct {
	store   *Collected
	dir     string
	options ArchiveOptions
	lock    *os.File

	mu         sync.Mutex
	generation uint64
	log        *os.File
	size       int64 // of the log, as far as it is good
	behind     bool  // something could not be written: only a new state makes the directory whole again
	closed     bool

	writing sync.WaitGroup
	failed  chan error // of a state that was written beside
}

// ArchiveOptions make an Archive. The zero value is one that works.
type ArchiveOptions struct {
	Compact int64 // bytes of a log after which the next generation begins; 0 is 16 MiB
}

// Recovery tells what OpenArchive found.
type Recovery struct {
	Sources int
	Torn    int64 // bytes at the end of logs that are no whole frame and were left out
}

// OpenArchive reads a directory into an empty store and keeps the store there from now on. The directory is made where
// it is missing. The error says what cannot be read, or that another process uses the directory.
func OpenArchive(dir string, store *Collected, o ArchiveOptions) (*Archive, Recovery, error) {
	o.Compact = cmp.Or(o.Compact, 16<<20)
	a := &Archive{store: store, dir: dir, options: o, failed: make(chan error, 1)}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, Recovery{}, fmt.Errorf("flowstore: %w", err)
	}
	var err error
	if a.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, Recovery{}, err
	}
	r, err := a.load()
	if err != nil {
		return nil, Recovery{}, errors.Join(err, a.lock.Close())
	}
	store.mu.Lock()
	store.keep, store.cleared, store.fresh = true, false, nil
	store.mu.Unlock()
	return a, r, nil
}

const (
	logPattern   = "counts-%06d"
	statePattern = "state-%06d"
)

// generations lists the numbers of the files of a kind, in order.
func (a *Archive) generations(pattern string) ([]uint64, error) {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return nil, fmt.Errorf("flowstore: %w", err)
	}
	var out []uint64
	for _, e := range entries {
		var n uint64
		if _, err := fmt.Sscanf(e.Name(), pattern, &n); err == nil && fmt.Sprintf(pattern, n) == e.Name() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (a *Archive) path(pattern string, generation uint64) string {
	return filepath.Join(a.dir, fmt.Sprintf(pattern, generation))
}

// load reads the latest state and the logs from there on, and opens the last of them.
func (a *Archive) load() (Recovery, error) {
	states, err := a.generations(statePattern)
	if err != nil {
		return Recovery{}, err
	}
	logs, err := a.generations(logPattern)
	if err != nil {
		return Recovery{}, err
	}
	var r Recovery
	since := uint64(0)
	if len(states) > 0 {
		since = states[len(states)-1]
		if err := a.store.loadState(a.path(statePattern, since)); err != nil {
			return r, err
		}
	}
	a.generation = max(since, 1)
	for _, g := range logs {
		if g < since {
			continue
		}
		torn, err := a.replay(g)
		if err != nil {
			return r, err
		}
		r.Torn += torn
		a.generation = g
	}
	r.Sources = len(a.store.Sources())
	if err := a.open(); err != nil {
		return r, err
	}
	return r, a.sweep(since)
}

// replay counts what a log holds, and tells how many bytes at its end are no whole frame.
func (a *Archive) replay(generation uint64) (torn int64, err error) {
	path := a.path(logPattern, generation)
	b, err := os.ReadFile(path) //nolint:gosec // a file of the directory that the user named
	if err != nil {
		return 0, fmt.Errorf("flowstore: %w", err)
	}
	whole := int64(0)
	switch {
	case len(b) < magicBytes && logMagic[:len(b)] == string(b): // ended while it was begun
	case len(b) < magicBytes || string(b[:magicBytes]) != logMagic:
		return 0, fmt.Errorf("flowstore: %s is no log of statistics (hint: is this the directory of another program, or of a later version?)", path)
	default:
		whole = int64(magicBytes)
	}
	for rest := b[whole:]; whole > 0; {
		payload, after, ok := nextFrame(rest)
		if !ok || a.apply(payload) != nil {
			break
		}
		whole += int64(len(rest) - len(after))
		rest = after
	}
	a.size = whole
	return int64(len(b)) - whole, nil
}

func (a *Archive) apply(payload []byte) error {
	r := &reader{b: payload[1:]}
	switch payload[0] {
	case frameClear:
		a.store.Clear()
	case frameCounts:
		arrivals := r.arrivals()
		if r.err == nil {
			a.store.Count(arrivals)
		}
	default:
		return errFrame
	}
	return r.err
}

// open opens the log of the generation at hand and cuts it behind its last whole frame.
func (a *Archive) open() error {
	f, err := os.OpenFile(a.path(logPattern, a.generation), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("flowstore: %w", err)
	}
	err = f.Truncate(a.size)
	if err == nil && a.size == 0 {
		_, err = f.WriteAt([]byte(logMagic), 0)
		a.size = int64(magicBytes)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("flowstore: %w", err), f.Close())
	}
	a.log = f
	return nil
}

// sweep removes what is older than a generation, and what was left unfinished.
func (a *Archive) sweep(since uint64) error {
	var errs []error
	for _, pattern := range []string{logPattern, statePattern} {
		all, err := a.generations(pattern)
		errs = append(errs, err)
		for _, g := range all {
			if g < since {
				errs = append(errs, os.Remove(a.path(pattern, g)))
			}
		}
	}
	unfinished, err := filepath.Glob(filepath.Join(a.dir, "*.part"))
	errs = append(errs, err)
	for _, path := range unfinished {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}

// Flush writes what was counted since the last Flush. After an error the next one makes up for it.
func (a *Archive) Flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return fmt.Errorf("flowstore: %w", fs.ErrClosed)
	}
	return a.flush()
}

func (a *Archive) flush() error {
	if a.due() {
		a.writing.Wait() // one state at a time
	}
	failed := a.outcome()
	if failed == nil && a.due() {
		return a.advance()
	}
	fresh, cleared := a.store.take()
	return errors.Join(failed, a.write(fresh, cleared))
}

// due reports whether the next generation has to begin.
func (a *Archive) due() bool { return a.behind || a.size > a.options.Compact }

// write appends to the log. What a failed write leaves behind is overwritten by the next.
func (a *Archive) write(fresh []Arrival, cleared bool) error {
	var b []byte
	if cleared {
		b = appendFrame(b, func(b []byte) []byte { return append(b, frameClear) })
	}
	if len(fresh) > 0 {
		b = appendArrivals(b, fresh)
	}
	if len(b) == 0 {
		return nil
	}
	if _, err := a.log.WriteAt(b, a.size); err != nil {
		a.behind = true
		return fmt.Errorf("flowstore: what was counted could not be kept: %w", err)
	}
	a.size += int64(len(b))
	return nil
}

// advance begins the next generation; no state may be under way. Its state is written beside, so that flushing goes on,
// and the older generation stays until it is complete.
func (a *Archive) advance() error {
	all, fresh, cleared := a.store.capture()
	_ = a.write(fresh, cleared) // until the state is complete; if it fails, the state still has all of it
	old, size := a.log, a.size
	a.generation, a.size = a.generation+1, 0
	if err := a.open(); err != nil {
		a.log, a.generation, a.size, a.behind = old, a.generation-1, size, true
		return err
	}
	a.behind = false
	generation := a.generation
	a.writing.Go(func() {
		err := errors.Join(old.Close(), a.writeState(generation, all))
		if err == nil {
			err = a.sweep(generation)
		}
		if err != nil {
			a.failed <- fmt.Errorf("flowstore: statistics could not be put together: %w", err)
		}
	})
	return nil
}

// outcome is the error of the state that was written beside, if it has failed.
func (a *Archive) outcome() error {
	select {
	case err := <-a.failed:
		a.behind = true
		return err
	default:
		return nil
	}
}

// writeState writes a state whole or not at all.
func (a *Archive) writeState(generation uint64, all capture) error {
	path := a.path(statePattern, generation)
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(all.write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// Close flushes and lets the directory go. It may be called twice.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	errs := []error{a.flush()}
	a.writing.Wait()
	return errors.Join(append(errs, a.outcome(), a.log.Sync(), a.log.Close(), a.lock.Close())...)
}
