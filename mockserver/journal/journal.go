// Package journal keeps what the appliance was asked and answered: the last exchanges, bounded in count and bytes, and
// without secrets, because those are taken out before an exchange gets here.
package journal

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// MaxBody is how much of a body is kept.
const MaxBody = 2 << 10

// DefaultEntries is how many exchanges are kept where no number is given.
const DefaultEntries = 1000

// Entry is one exchange.
type Entry struct {
	ID        uint64        `json:"id"` // counts from 1, through resets
	Time      time.Time     `json:"time"`
	Remote    string        `json:"remote"`
	User      string        `json:"user,omitempty"`
	Method    string        `json:"method"`
	Path      string        `json:"path"` // without the query
	Operation string        `json:"operation,omitempty"`
	Status    int           `json:"status"`
	ErrorID   string        `json:"error_id,omitempty"`
	Reason    string        `json:"reason,omitempty"` // of an error, for the developer of a client
	Fault     string        `json:"fault,omitempty"`  // what was made to go wrong, as it was asked for
	Took      time.Duration `json:"took_ns"`
	Request   string        `json:"request,omitempty"`  // the body, redacted; at most MaxBody bytes
	Response  string        `json:"response,omitempty"` // the begin of the body, at most MaxBody bytes
	Sent      int64         `json:"sent"`               // bytes of the answer's body
}

// Journal keeps the last entries. It is safe for concurrent use.
type Journal struct {
	mu      sync.Mutex
	next    uint64 // ID of the next entry
	ring    []slot
	first   uint64 // the oldest ID that is kept
	counts  map[Count]uint64
	watches map[chan Entry]struct{}
}

// slot keeps bodies in buffers that the next entry in its place uses again.
type slot struct {
	Entry
	request, response []byte
}

// New returns an empty journal of the last n exchanges; 0 is DefaultEntries.
func New(n int) *Journal {
	if n <= 0 {
		n = DefaultEntries
	}
	return &Journal{next: 1, first: 1, ring: make([]slot, n), counts: map[Count]uint64{}, watches: map[chan Entry]struct{}{}}
}

// Add records an exchange with its bodies, which it copies and cuts to MaxBody. It sets the entry's ID.
func (j *Journal) Add(e Entry, request, response []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.ID = j.next
	s := &j.ring[j.next%uint64(len(j.ring))]
	s.Entry = e
	s.request = append(s.request[:0], request[:min(len(request), MaxBody)]...)
	s.response = append(s.response[:0], response[:min(len(response), MaxBody)]...)
	j.next++
	j.first = max(j.first, j.next-min(j.next, uint64(len(j.ring))))
	j.counts[Count{Operation: e.Operation, Status: e.Status}]++
	for w := range j.watches {
		select {
		case w <- s.entry():
		default: // a reader that does not keep up misses entries, and their IDs tell it so
		}
	}
}

func (s *slot) entry() Entry {
	e := s.Entry
	e.Request, e.Response = string(s.request), string(s.response)
	return e
}

// Filter chooses entries. Its zero value chooses all.
type Filter struct {
	Since     uint64    // only entries with a greater ID
	After     time.Time // only entries of a later time; zero: any
	Operation string
	Status    int
}

// Entries returns the entries that fit, oldest first; never nil.
func (j *Journal) Entries(f Filter) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := []Entry{}
	for id := max(j.first, f.Since+1); id < j.next; id++ {
		s := &j.ring[id%uint64(len(j.ring))]
		if (f.After.IsZero() || s.Time.After(f.After)) && (f.Operation == "" || s.Operation == f.Operation) && (f.Status == 0 || s.Status == f.Status) {
			out = append(out, s.entry())
		}
	}
	return out
}

// Clear forgets all entries and returns how many there were. IDs go on.
func (j *Journal) Clear() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := int(j.next - j.first) //nolint:gosec // bounded by the ring
	j.first = j.next
	clear(j.ring)
	return n
}

// Count is a number of exchanges with the same operation and status.
type Count struct {
	Operation string // "" where none was reached
	Status    int
	N         uint64
}

// Counts returns how many exchanges there have been since the start, sorted by operation and status. Clear does not
// change them.
func (j *Journal) Counts() []Count {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]Count, 0, len(j.counts))
	for c, n := range j.counts {
		c.N = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(strings.Compare(a.Operation, b.Operation), cmp.Compare(a.Status, b.Status))
	})
	return out
}

// Watch returns a channel of the entries to come, and a function that ends it. A reader that does not keep up misses
// entries.
func (j *Journal) Watch() (entries <-chan Entry, stop func()) {
	w := make(chan Entry, 64)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.watches[w] = struct{}{}
	return w, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.watches, w)
	}
}
