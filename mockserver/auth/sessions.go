package auth

import (
	"cmp"
	"crypto/rand"
	"io"
	"sync"
	"time"
)

// SessionOptions make Sessions. The zero value has sessions that last until they are ended.
type SessionOptions struct {
	Idle   time.Duration // without a request, by the appliance's clock, ends a session; 0 never does
	Life   time.Duration // ends a session whatever it does; 0 never does
	One    bool          // a user's new session ends the one before
	Max    int           // at once; 0 is DefaultMax, and one more ends the one that would end first
	Random io.Reader     // where ids come from; nil is crypto/rand
}

// Sessions are what cookies name. They are safe for concurrent use. Times are the appliance's.
type Sessions struct {
	options SessionOptions

	mu     sync.Mutex
	shelf  *shelf[session]
	latest map[string]key // by user, where one is all that a user has
}

type session struct {
	user  string
	began time.Time
}

// NewSessions returns none yet.
func NewSessions(o SessionOptions) *Sessions {
	o.Max = cmp.Or(o.Max, DefaultMax)
	if o.Random == nil {
		o.Random = rand.Reader
	}
	s := &Sessions{options: o}
	s.Clear()
	return s
}

// Begin begins a session of a user and returns its id: 64 hexadecimal digits. The error is that of the random source.
func (s *Sessions) Begin(user string, now time.Time) (id string, err error) {
	id, err = hexSecret(s.options.Random)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := keyOf(id)
	if s.options.One {
		if old, ok := s.latest[user]; ok {
			s.shelf.remove(old)
		}
		s.latest[user] = k
	}
	v := session{user: user, began: now}
	s.shelf.put(k, v, s.until(v, now), now)
	return id, nil
}

// until is when a session that is used now ends; zero is never.
func (s *Sessions) until(v session, now time.Time) (end time.Time) {
	if s.options.Idle > 0 {
		end = now.Add(s.options.Idle)
	}
	if s.options.Life > 0 {
		if last := v.began.Add(s.options.Life); end.IsZero() || last.Before(end) {
			end = last
		}
	}
	return end
}

// Use returns the user of a session and counts as its activity. The error is ErrSession where there is no such session,
// or none any more.
func (s *Sessions) Use(id string, now time.Time) (user string, err error) {
	k := keyOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.shelf.get(k, now)
	if it == nil {
		return "", ErrSession
	}
	it.until = s.until(it.value, now)
	return it.value.user, nil
}

// End ends a session and reports whether there was one.
func (s *Sessions) End(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shelf.remove(keyOf(id))
}

// EndOf ends all sessions of a user and returns how many there were.
func (s *Sessions) EndOf(user string, now time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.sweep(now)
	for k, it := range s.shelf.by {
		if it.value.user == user && s.shelf.remove(k) {
			n++
		}
	}
	return n
}

// Clear ends all sessions.
func (s *Sessions) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf, s.latest = newShelf[session](s.options.Max), map[string]key{}
}

// Len is how many sessions there are.
func (s *Sessions) Len(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.sweep(now)
	return len(s.shelf.by)
}
