package flowstore

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
)

// capture is what a store holds at one moment. It shares packed pages with the store, which never change.
type capture struct{ sources []capturedSource }

type capturedSource struct {
	addr  netip.Addr
	pages [3][]capturedPage // seconds, minutes, hours
}

type capturedPage struct {
	start  int64
	packed []byte
}

// capture copies the store's index, and takes what an Archive has not taken yet: both at the same moment.
func (c *Collected) capture() (all capture, fresh []Arrival, cleared bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.roster.Load().sources {
		one := capturedSource{addr: s.addr}
		for i, series := range s.lengths() {
			for _, p := range series.pages {
				packed := p.packed
				if packed == nil {
					packed = pack(p.cells, series.width)
				}
				one.pages[i] = append(one.pages[i], capturedPage{p.start, packed})
			}
		}
		all.sources = append(all.sources, one)
	}
	fresh, cleared = c.takeLocked()
	return all, fresh, cleared
}

// take hands over what was counted since the last take.
func (c *Collected) take() (fresh []Arrival, cleared bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takeLocked()
}

func (c *Collected) takeLocked() (fresh []Arrival, cleared bool) {
	for _, s := range c.fresh {
		fresh = append(fresh, s.fresh...)
		s.fresh = s.fresh[:0]
	}
	c.fresh = c.fresh[:0]
	cleared, c.cleared = c.cleared, false
	return fresh, cleared
}

func (s *collectedSource) lengths() [3]*series { return [3]*series{&s.seconds, &s.minutes, &s.hour} }

// write writes the file of a state.
func (c capture) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := out.WriteString(stateMagic); err != nil {
		return err
	}
	var room []byte
	for i := range c.sources {
		room = appendFrame(room[:0], c.sources[i].append)
		if _, err := out.Write(room); err != nil {
			return err
		}
	}
	room = appendFrame(room[:0], func(b []byte) []byte { return binary.AppendUvarint(append(b, frameEnd), uint64(len(c.sources))) })
	if _, err := out.Write(room); err != nil {
		return err
	}
	return out.Flush()
}

func (s *capturedSource) append(b []byte) []byte {
	b = appendAddr(append(b, frameSource), s.addr)
	for _, pages := range s.pages {
		b = binary.AppendUvarint(b, uint64(len(pages)))
		for _, p := range pages {
			b = binary.AppendUvarint(binary.AppendVarint(b, p.start), uint64(len(p.packed)))
			b = append(b, p.packed...)
		}
	}
	return b
}

// loadState reads a file that capture.write wrote into an empty store.
func (c *Collected) loadState(path string) error {
	b, err := os.ReadFile(path) //nolint:gosec // a file of the directory that the user named
	if err != nil {
		return fmt.Errorf("flowstore: %w", err)
	}
	damaged := fmt.Errorf("flowstore: %s is damaged (hint: move it away to begin anew; the statistics in it cannot be read)", path)
	if len(b) < magicBytes || string(b[:magicBytes]) != stateMagic {
		return damaged
	}
	b = b[magicBytes:]
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := uint64(0); ; n++ {
		payload, rest, ok := nextFrame(b)
		if !ok {
			return damaged
		}
		b = rest
		r := &reader{b: payload[1:]}
		if payload[0] == frameEnd {
			if r.unsigned() != n || r.err != nil {
				return damaged
			}
			return nil
		}
		if c.loadSource(r); payload[0] != frameSource || r.err != nil {
			return damaged
		}
	}
}

func (c *Collected) loadSource(r *reader) {
	addr := r.addr()
	if r.err != nil {
		return
	}
	s := c.source(addr)
	for i := range 3 {
		for range r.unsigned() {
			start := r.signed()
			packed := r.bytes(r.unsigned())
			if r.err != nil {
				return
			}
			if s == nil { // the limit is lower than it was
				continue
			}
			if err := s.lengths()[i].load(start, slices.Clone(packed)); err != nil {
				r.fail()
				return
			}
		}
	}
}

// load takes a page that was written by an earlier process.
func (s *series) load(start int64, packed []byte) error {
	at, twice := s.find(start)
	if twice || s.start(start) != start {
		return errPage
	}
	if err := unpack(packed, make([]uint64, perPage*s.width), s.width); err != nil {
		return err
	}
	s.clock++
	s.pages = slices.Insert(s.pages, at, &page{start: start, touched: s.clock, packed: packed})
	if len(s.pages) > s.most {
		s.evict()
	}
	return nil
}
