// Package fault names what networks and sick appliances do to an HTTP exchange, and says when it strikes. It knows no
// resource of the API: the appliance asks by operation.
package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Name is one kind of fault.
type Name string

// The faults.
const (
	Latency Name = "latency" // the answer begins By later
	Status  Name = "status"  // the answer is Code with a page of HTML, as of a proxy in between
	Empty   Name = "empty"   // the answer is 200 without a body
	Reset   Name = "reset"   // the connection is reset before an answer
	Hang    Name = "hang"    // no answer until the client goes away
	Cut     Name = "cut"     // the connection ends after At bytes of the body
	Slow    Name = "slow"    // the body comes at Rate bytes a second
	Corrupt Name = "corrupt" // one bit of the byte at offset At of the body is flipped
)

// Fault is one fault with its settings. The zero value of each setting is its default.
type Fault struct {
	Name      Name
	By        time.Duration // of latency
	Code      int           // of status
	At        int64         // of cut and corrupt, bytes; below zero it is drawn for each exchange
	Rate      int64         // of slow, bytes a second
	Operation string        // operationId that it strikes; "" is every one, unknown paths included
	Chance    float64       // of each exchange to be struck, above 0 and up to 1; 0 is 1
	After     int           // exchanges of the operation that it lets pass first
	Times     int           // how often it strikes; 0 is without end
}

// kinds names each fault's own settings; the first one must be given where must says so.
func kinds() map[Name]struct {
	keys []string
	must string // the required one with an example
} {
	type kind = struct {
		keys []string
		must string
	}
	return map[Name]kind{
		Latency: {[]string{"by"}, "by=200ms"},
		Status:  {[]string{"code"}, "code=503"},
		Empty:   {},
		Reset:   {},
		Hang:    {},
		Cut:     {[]string{"at"}, ""},
		Slow:    {[]string{"rate"}, "rate=1000"},
		Corrupt: {[]string{"at"}, ""},
	}
}

// common are the settings that every fault takes.
func common() []string { return []string{"operation", "chance", "after", "times"} }

// Names lists the faults in alphabetical order.
func Names() []string {
	var out []string
	for n := range kinds() {
		out = append(out, string(n))
	}
	slices.Sort(out)
	return out
}

// Parse reads a fault as a person writes it: the name, then settings after a colon, such as "latency:by=200ms",
// "status:code=503,times=2" or "cut:at=100,operation=getImportStats,chance=0.1".
func Parse(spec string) (Fault, error) {
	name, rest, _ := strings.Cut(spec, ":")
	kind, ok := kinds()[Name(name)]
	if !ok {
		return Fault{}, fmt.Errorf("fault %q is not known (expected one of %s)", name, strings.Join(Names(), ", "))
	}
	f := Fault{Name: Name(name), At: -1}
	given := map[string]bool{}
	for part := range strings.SplitSeq(rest, ",") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		if !slices.Contains(kind.keys, key) && !slices.Contains(common(), key) {
			return Fault{}, fmt.Errorf("fault %s has no setting %q (expected %s)", name, key, strings.Join(slices.Concat(kind.keys, common()), ", "))
		}
		if given[key] {
			return Fault{}, fmt.Errorf("fault %s: %s is given twice", name, key)
		}
		given[key] = true
		if err := f.set(key, value); err != nil {
			return Fault{}, fmt.Errorf("fault %s: %s is %q (expected %w)", name, key, value, err)
		}
	}
	if kind.must != "" && !given[kind.keys[0]] {
		return Fault{}, fmt.Errorf("fault %s needs %s (such as %s:%s)", name, kind.keys[0], name, kind.must)
	}
	return f, nil
}

var (
	errBy     = errors.New("a duration above 0 and up to 1h, such as 200ms")
	errCode   = errors.New("a status from 200 to 599")
	errAt     = errors.New("bytes from 0 on")
	errRate   = errors.New("bytes a second from 1 on")
	errChance = errors.New("a number above 0 and up to 1")
	errAfter  = errors.New("a number of exchanges from 0 on")
	errTimes  = errors.New("a number from 1 on")
	errName   = errors.New("an operationId, such as getImportStats")
)

func (f *Fault) set(key, value string) error {
	number := func(least int64, wrong error) (int64, error) {
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < least {
			return 0, wrong
		}
		return n, nil
	}
	var err error
	var n int64
	switch key {
	case "by":
		if f.By, err = time.ParseDuration(value); err != nil || f.By <= 0 || f.By > time.Hour {
			return errBy
		}
		return nil
	case "code":
		if n, err = number(200, errCode); n > 599 {
			err = errCode
		}
		f.Code = int(n)
	case "at":
		f.At, err = number(0, errAt)
	case "rate":
		f.Rate, err = number(1, errRate)
	case "chance":
		f.Chance, err = strconv.ParseFloat(value, 64)
		if err != nil || !(f.Chance > 0 && f.Chance <= 1) {
			return errChance
		}
	case "after":
		n, err = number(0, errAfter)
		f.After = int(n)
	case "times":
		n, err = number(1, errTimes)
		f.Times = int(n)
	case "operation":
		if value == "" {
			return errName
		}
		f.Operation = value
	}
	return err
}

// String is the form that Parse reads.
func (f Fault) String() string {
	var parts []string
	add := func(set bool, key string, value any) {
		if set {
			parts = append(parts, fmt.Sprintf("%s=%v", key, value))
		}
	}
	add(f.By > 0, "by", f.By)
	add(f.Code > 0, "code", f.Code)
	add(f.At >= 0 && (f.Name == Cut || f.Name == Corrupt), "at", f.At)
	add(f.Rate > 0, "rate", f.Rate)
	add(f.Operation != "", "operation", f.Operation)
	add(f.Chance > 0, "chance", f.Chance)
	add(f.After > 0, "after", f.After)
	add(f.Times > 0, "times", f.Times)
	if len(parts) == 0 {
		return string(f.Name)
	}
	return string(f.Name) + ":" + strings.Join(parts, ",")
}

// farthest bounds a place that is drawn: within most answers.
const farthest = 200

// Set holds the faults that are on, in the order in which they were given. It is safe for concurrent use; the same seed
// and the same exchanges give the same strikes.
type Set struct {
	armed atomic.Bool // spares the usual exchange the lock
	mu    sync.Mutex
	seed  uint64
	on    []*live
	rng   *rand.Rand
}

// live is a fault with what it has done.
type live struct {
	Fault
	met, struck int
}

// NewSet is an empty set, whose draws depend on the seed alone.
func NewSet(seed uint64) *Set { return &Set{seed: seed} }

// Replace ends all faults and sets these; the draws begin anew.
func (s *Set) Replace(faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = nil
	for _, f := range faults {
		s.on = append(s.on, &live{Fault: f})
	}
	s.armed.Store(len(faults) > 0)
	s.rng = rand.New(rand.NewPCG(s.seed, 0x6661756c74)) //nolint:gosec // faults must be repeatable
}

// List is what is on, spent faults left out.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Fault{}
	for _, l := range s.on {
		if l.Times == 0 || l.struck < l.Times {
			out = append(out, l.Fault)
		}
	}
	return out
}

// Armed reports whether any fault was set; where none was, there is nothing to ask Strike for.
func (s *Set) Armed() bool { return s.armed.Load() }

// Strike says which faults strike the next exchange of an operation, with every place drawn; nil is none.
func (s *Set) Strike(operation string) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Fault
	for _, l := range s.on {
		if l.Operation != "" && l.Operation != operation || l.Times > 0 && l.struck >= l.Times {
			continue
		}
		if l.met++; l.met <= l.After || l.Chance > 0 && s.rng.Float64() >= l.Chance {
			continue
		}
		l.struck++
		f := l.Fault
		if f.At < 0 && (f.Name == Cut || f.Name == Corrupt) {
			f.At = s.rng.Int64N(farthest)
		}
		out = append(out, f)
	}
	return out
}
