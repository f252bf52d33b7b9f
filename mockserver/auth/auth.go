// Package auth checks who asks. It knows Basic authentication (RFC 7617), sessions that a cookie names, and tokens that
// are got for access codes (OAuth 2.0, as the family's Common API has it). It speaks no HTTP.
//
// Passwords are kept as bcrypt hashes only. So that a busy client does not pay for bcrypt with each request, a right
// header is remembered for a short time under an HMAC of the whole header with a key that is made for each [Accounts]:
// from what is remembered, nothing can be recovered. Sessions, tokens and codes are kept under their digests.
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
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// The ways in which credentials can fail.
var (
	ErrMissing         = errors.New("auth: no credentials")
	ErrMalformed       = errors.New("auth: the Authorization header cannot be read")
	ErrWrong           = errors.New("auth: the user name or the password is wrong")
	ErrDisabled        = errors.New("auth: the account is disabled or has expired")
	ErrExpiredPassword = errors.New("auth: the password has expired or must be changed")
	ErrSession         = errors.New("auth: there is no such session")
	ErrToken           = errors.New("auth: there is no such token")
	ErrExpiredToken    = errors.New("auth: the token has expired")
	ErrCode            = errors.New("auth: there is no such access code")
	ErrExpiredCode     = errors.New("auth: the access code has expired")
)

// DefaultCost is the bcrypt cost where none is given: some 15 ms for each password that is not remembered.
const DefaultCost = 8

// DefaultMemory is how many right headers are remembered where no number is given.
const DefaultMemory = 1024

// remember is how long a verdict is kept.
const remember = 5 * time.Minute

// Options make Accounts. The zero value has no account and DefaultCost.
type Options struct {
	Users    map[string]string // passwords of administrators by name, beside Accounts
	Accounts []Account
	Cost     int           // of bcrypt, 4 to 31; 0 is DefaultCost, or that of the hashes in Accounts
	Memory   int           // good verdicts that are remembered; 0 is DefaultMemory
	LockWhen int           // wrong passwords in a row that lock an account; 0 never does
	LockFor  time.Duration // how long, by the appliance's clock; 0 is until Unlock
}

// Moment is one moment on both clocks: what is remembered in memory is forgotten by the machine's, all else goes by the
// appliance's.
type Moment struct{ Machine, Device time.Time }

// Accounts are the users and their hashed passwords. They are safe for concurrent use.
type Accounts struct {
	accounts map[string]*account
	nobody   *account // what an unknown name is compared with
	memory   int
	lockWhen int
	lockFor  time.Duration
	busy     chan struct{} // bounds how many passwords are hashed at once
	digests  sync.Pool     // of *digest

	mu   sync.Mutex // of good, and of what changes in accounts
	good map[[sha256.Size]byte]verdict
}

// verdict is that a header is right.
type verdict struct {
	of    *account
	until time.Time
}

// New hashes the passwords. The error names the account of which something cannot be used.
func New(o Options) (*Accounts, error) {
	list := slices.Clone(o.Accounts)
	for _, name := range slices.Sorted(maps.Keys(o.Users)) {
		list = append(list, Account{Name: name, Password: o.Users[name]})
	}
	cost, err := costOf(list, o.Cost)
	if err != nil {
		return nil, err
	}
	a := &Accounts{
		accounts: map[string]*account{}, memory: cmp.Or(o.Memory, DefaultMemory), busy: make(chan struct{}, runtime.GOMAXPROCS(0)),
		good: map[[sha256.Size]byte]verdict{}, lockWhen: o.LockWhen, lockFor: o.LockFor,
	}
	key := rand.Text()
	a.digests.New = func() any { return &digest{mac: hmac.New(sha256.New, []byte(key))} }
	for _, one := range list {
		if a.accounts[one.Name] != nil {
			return nil, fmt.Errorf("auth: account %q is there twice", one.Name)
		}
		if a.accounts[one.Name], err = one.prepared(cost); err != nil {
			return nil, err
		}
	}
	// A hash of the same cost that no password has is all that an unknown name needs to cost the same.
	a.nobody = &account{hash: fmt.Appendf(nil, "$2a$%02d$%s", cost, strings.Repeat(".", 53))}
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

// Basic checks the Authorization headers of a request and returns the user. The error is ErrMissing, ErrMalformed, one
// of those of Verify, or the context's while it waits its turn. A right header is cheap for a while after its first
// time; a wrong one costs a full comparison each time.
func (a *Accounts) Basic(ctx context.Context, headers []string, at Moment) (User, error) {
	switch len(headers) {
	case 0:
		return User{}, ErrMissing
	case 1:
	default:
		return User{}, ErrMalformed
	}
	mark := a.mark(headers[0])
	if known := a.recall(mark, at); known != nil {
		return known.admitted(at.Device)
	}
	name, password, ok := parse(headers[0])
	if !ok {
		return User{}, ErrMalformed
	}
	u, err := a.Verify(ctx, name, password, at.Device)
	if err == nil {
		a.keep(mark, verdict{of: a.accounts[name], until: at.Machine.Add(remember)})
	}
	return u, err
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

// Verify compares a password, at the same cost whether the name exists or not. Now is the appliance's time. The error
// is ErrWrong, ErrDisabled or ErrExpiredPassword (both told only to who knows the password), or the context's while it
// waits its turn. A locked account answers as to a wrong password.
func (a *Accounts) Verify(ctx context.Context, name, password string, now time.Time) (User, error) {
	select {
	case a.busy <- struct{}{}:
		defer func() { <-a.busy }()
	case <-ctx.Done():
		return User{}, ctx.Err()
	}
	of, known := a.accounts[name]
	if !known {
		of = a.nobody
	}
	right := of.compare(password) && known
	if !a.counted(of, right, now) {
		return User{}, ErrWrong
	}
	return of.admitted(now)
}

// counted notes a success or a failure, and reports whether the password is right and the account not locked.
func (a *Accounts) counted(of *account, right bool, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if of.locked(now) {
		return false
	}
	if right {
		of.failures = 0
		return true
	}
	if of.failures++; a.lockWhen > 0 && of.failures >= a.lockWhen {
		of.failures, of.lock, of.lockedAt, of.lockedFor = 0, true, now, a.lockFor
	}
	return false
}

// Admit returns the user of that name if the account may be used now, whatever let it in. The error is ErrWrong where
// there is none, ErrDisabled or ErrExpiredPassword.
func (a *Accounts) Admit(name string, now time.Time) (User, error) {
	if of := a.accounts[name]; of != nil {
		return of.admitted(now)
	}
	return User{}, ErrWrong
}

// Locked lists the names of the accounts that are locked, sorted.
func (a *Accounts) Locked(now time.Time) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []string{}
	for name, of := range a.accounts {
		if of.locked(now) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Unlock forgets all failures.
func (a *Accounts) Unlock() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, of := range a.accounts {
		of.failures, of.lock = 0, false
	}
}

// Names lists the accounts, sorted.
func (a *Accounts) Names() []string { return slices.Sorted(maps.Keys(a.accounts)) }

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

// recall returns the account of a header that was right a while ago; nil where it must be compared. A locked account's
// must, so that the time of the answer does not tell that the password is right.
func (a *Accounts) recall(mark [sha256.Size]byte, at Moment) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	if seen, ok := a.good[mark]; ok && !at.Machine.After(seen.until) && !seen.of.locked(at.Device) {
		seen.of.failures = 0 // a right password ends the row of wrong ones, remembered or not
		return seen.of
	}
	return nil
}

// keep remembers a verdict. A full memory is emptied, which costs each client one comparison.
func (a *Accounts) keep(mark [sha256.Size]byte, what verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.good) >= a.memory {
		clear(a.good)
	}
	a.good[mark] = what
}
