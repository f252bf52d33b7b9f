// Package auth checks who asks. It knows Basic authentication (RFC 7617).
//
// Passwords are kept as bcrypt hashes only. So that a busy client does not pay for bcrypt with each request, verdicts
// are remembered for a short time under an HMAC of the whole header with a key that is made for each [Accounts]: from
// what is remembered, nothing can be recovered.
package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// The ways in which credentials can fail.
var (
	ErrMissing   = errors.New("auth: no credentials")
	ErrMalformed = errors.New("auth: the Authorization header cannot be read")
	ErrWrong     = errors.New("auth: the user name or the password is wrong")
)

// DefaultCost is the bcrypt cost where none is given: some 15 ms for each password that is not remembered.
const DefaultCost = 8

// DefaultMemory is how many verdicts of each kind, right and wrong, are remembered where no number is given.
const DefaultMemory = 1024

// remember is how long a verdict is kept.
const remember = 5 * time.Minute

// Options make Accounts. The zero value has no account and DefaultCost.
type Options struct {
	Users  map[string]string // passwords by name
	Cost   int               // of bcrypt, 4 to 31; 0 is DefaultCost
	Memory int               // verdicts of each kind that are remembered; 0 is DefaultMemory
}

// Accounts are the users and their hashed passwords. They are immutable and safe for concurrent use.
type Accounts struct {
	hashes  map[string][]byte
	nobody  []byte // what an unknown name is compared with
	memory  int
	busy    chan struct{} // bounds how many passwords are hashed at once
	digests sync.Pool     // of *digest

	mu   sync.Mutex
	good verdicts
	bad  verdicts
}

type verdicts map[[sha256.Size]byte]verdict

type verdict struct {
	user  string
	until time.Time
}

// New hashes the passwords. The error names the user of whom the name or the password cannot be used.
func New(o Options) (*Accounts, error) {
	if o.Cost == 0 {
		o.Cost = DefaultCost
	}
	if o.Cost < bcrypt.MinCost || o.Cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("auth: a password cost of %d is not possible (expected %d to %d)", o.Cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	a := &Accounts{
		hashes: map[string][]byte{}, memory: cmp.Or(o.Memory, DefaultMemory), busy: make(chan struct{}, runtime.GOMAXPROCS(0)),
		good: verdicts{}, bad: verdicts{},
	}
	key := rand.Text()
	a.digests.New = func() any { return &digest{mac: hmac.New(sha256.New, []byte(key))} }
	for name, password := range o.Users {
		if name == "" || strings.Contains(name, ":") || control(name) || control(password) {
			return nil, fmt.Errorf("auth: user %q cannot be used (a name has no colon and is not empty; neither name nor password has control characters)", name)
		}
		hashed, err := bcrypt.GenerateFromPassword(fold(password), o.Cost)
		if err != nil {
			return nil, fmt.Errorf("auth: user %q: %w", name, err)
		}
		a.hashes[name] = hashed
	}
	// A hash of the same cost that no password has is all that an unknown name needs to cost the same.
	a.nobody = fmt.Appendf(nil, "$2a$%02d$%s", o.Cost, strings.Repeat(".", 53))
	return a, nil
}

// fold brings a password of any length below bcrypt's limit of 72 bytes.
func fold(password string) []byte {
	sum := sha256.Sum256([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, sum[:])
}

func control(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Basic checks the Authorization headers of a request and returns the user. Now is the machine's time, by which
// verdicts are forgotten. The error is ErrMissing, ErrMalformed, ErrWrong, or the context's while it waits its turn.
func (a *Accounts) Basic(ctx context.Context, headers []string, now time.Time) (user string, err error) {
	switch len(headers) {
	case 0:
		return "", ErrMissing
	case 1:
	default:
		return "", ErrMalformed
	}
	mark := a.mark(headers[0])
	if user, known := a.recall(mark, now); known {
		if user == "" {
			return "", ErrWrong
		}
		return user, nil
	}
	name, password, ok := parse(headers[0])
	if !ok {
		return "", ErrMalformed
	}
	right, err := a.verify(ctx, name, password)
	if err != nil {
		return "", err
	}
	if !right {
		a.keep(a.bad, mark, verdict{until: now.Add(remember)})
		return "", ErrWrong
	}
	a.keep(a.good, mark, verdict{user: name, until: now.Add(remember)})
	return name, nil
}

// parse reads `Basic <base64 of name:password>`.
func parse(header string) (name, password string, ok bool) {
	scheme, text, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(text, " "))
	if err != nil || control(string(raw)) {
		return "", "", false
	}
	name, password, ok = strings.Cut(string(raw), ":")
	return name, password, ok
}

// verify compares at the same cost whether the name exists or not.
func (a *Accounts) verify(ctx context.Context, name, password string) (bool, error) {
	select {
	case a.busy <- struct{}{}:
		defer func() { <-a.busy }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	hashed, known := a.hashes[name]
	if !known {
		hashed = a.nobody
	}
	return bcrypt.CompareHashAndPassword(hashed, fold(password)) == nil && known, nil
}

// digest is what it takes to make a mark, ready to be used again.
type digest struct {
	mac hash.Hash
	in  []byte
	out [sha256.Size]byte
}

// mark is what a header is remembered by.
func (a *Accounts) mark(header string) [sha256.Size]byte {
	d := a.digests.Get().(*digest) //nolint:forcetypeassert // the pool holds nothing else
	defer a.digests.Put(d)
	d.in = append(d.in[:0], header...)
	d.mac.Reset()
	d.mac.Write(d.in)
	d.mac.Sum(d.out[:0])
	clear(d.in)
	return d.out
}

// recall returns a remembered verdict; user is "" where it was that the credentials are wrong.
func (a *Accounts) recall(mark [sha256.Size]byte, now time.Time) (user string, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range [...]verdicts{a.good, a.bad} {
		if seen, ok := v[mark]; ok && !now.After(seen.until) {
			return seen.user, true
		}
	}
	return "", false
}

// keep remembers a verdict. A full memory is emptied, which costs each client one comparison.
func (a *Accounts) keep(v verdicts, mark [sha256.Size]byte, what verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(v) >= a.memory {
		clear(v)
	}
	v[mark] = what
}
