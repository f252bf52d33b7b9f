package auth

import (
	"container/heap"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// DefaultMax is how many sessions, tokens and codes of each are kept where no number is given. Whoever has been there
// longest, or will go first, makes room for the next.
const DefaultMax = 1 << 16

// secretSize is how many random bytes a session, a token and a code have.
const secretSize = 32

// hexSecret is a new secret as 64 hexadecimal digits.
func hexSecret(random io.Reader) (string, error) {
	raw, err := secret(random)
	return hex.EncodeToString(raw), err
}

// urlSecret is a new secret as one part, without dots.
func urlSecret(random io.Reader) (string, error) {
	raw, err := secret(random)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

func secret(random io.Reader) ([]byte, error) {
	raw := make([]byte, secretSize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, fmt.Errorf("auth: no random bytes: %w", err)
	}
	return raw, nil
}

// key is the digest that a secret is kept under. Looking it up tells nothing of the secret by its time, and what is kept
// is not good for logging in.
type key [sha256.Size]byte

func keyOf(secret string) key { return sha256.Sum256([]byte(secret)) }

// shelf keeps values until they are due. Finding what is due costs no scan: a heap has it on top. A value that is used
// moves its own due time only, and finds its new place when its old time comes.
type shelf[V any] struct {
	by    map[key]*item[V]
	queue queue[V]
	next  uint64
	max   int
}

type item[V any] struct {
	key   key
	value V
	until time.Time // zero is never
	turn  time.Time // its place in the queue: until, or earlier
	age   uint64
	at    int // in the queue
}

func newShelf[V any](most int) *shelf[V] { return &shelf[V]{by: map[key]*item[V]{}, max: most} }

// put adds a value and makes room for it.
func (s *shelf[V]) put(k key, v V, until, now time.Time) *item[V] {
	s.sweep(now)
	for len(s.by) >= s.max {
		s.remove(s.first().key)
	}
	s.next++
	it := &item[V]{key: k, value: v, until: until, turn: until, age: s.next}
	s.by[k] = it
	heap.Push(&s.queue, it)
	return it
}

// get returns what is kept and not due; nil where there is nothing.
func (s *shelf[V]) get(k key, now time.Time) *item[V] {
	it := s.by[k]
	if it == nil || it.due(now) {
		return nil
	}
	return it
}

// remove takes a value off the shelf and reports whether it was there.
func (s *shelf[V]) remove(k key) bool {
	it := s.by[k]
	if it == nil {
		return false
	}
	delete(s.by, k)
	heap.Remove(&s.queue, it.at)
	return true
}

// sweep forgets what is due.
func (s *shelf[V]) sweep(now time.Time) {
	for len(s.queue) > 0 {
		if turn := s.queue[0].turn; turn.IsZero() || now.Before(turn) {
			return
		}
		if it := s.first(); it.due(now) {
			s.remove(it.key)
		}
	}
}

// first is what goes first, once those that were used in the meantime have found their new places. The shelf is not
// empty.
func (s *shelf[V]) first() *item[V] {
	for {
		top := s.queue[0]
		if top.turn.Equal(top.until) {
			return top
		}
		top.turn = top.until
		heap.Fix(&s.queue, 0)
	}
}

func (it *item[V]) due(now time.Time) bool { return !it.until.IsZero() && !now.Before(it.until) }

// queue is a heap by turn; those that are never due come last, the oldest of them first.
type queue[V any] []*item[V]

// Len implements heap.Interface.
func (q queue[V]) Len() int { return len(q) }

// Less implements heap.Interface.
func (q queue[V]) Less(i, j int) bool {
	a, b := q[i], q[j]
	switch {
	case a.turn.IsZero() != b.turn.IsZero():
		return b.turn.IsZero()
	case !a.turn.Equal(b.turn):
		return a.turn.Before(b.turn)
	}
	return a.age < b.age
}

// Swap implements heap.Interface.
func (q queue[V]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push implements heap.Interface.
func (q *queue[V]) Push(x any) {
	it := x.(*item[V]) //nolint:forcetypeassert // heap hands back what it was given
	it.at = len(*q)
	*q = append(*q, it)
}

// Pop implements heap.Interface.
func (q *queue[V]) Pop() any {
	last := len(*q) - 1
	it := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return it
}
