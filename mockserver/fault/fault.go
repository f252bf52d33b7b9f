// Package fault names what networks and sick appliances do to an HTTP exchange, and says when it strikes. It knows no
// resource of the API: the appliance asks by operation.
package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-dev/flowgate/fixtures/faultspec"
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

// Fault is one fault with its settings. The zero value of each setting is its default, but for By, Code and
// Rate, which their fault needs, and At, which is the first byte.
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

// language is what Parse understands.
func language() faultspec.Language {
	return faultspec.Language{
		Common: []string{"operation", "chance", "after", "times"},
		Kinds: map[string]faultspec.Kind{
			string(Latency): {Keys: []string{"by"}, Must: "by=200ms"},
			string(Status):  {Keys: []string{"code"}, Must: "code=503"},
			string(Empty):   {},
			string(Reset):   {},
			string(Hang):    {},
			string(Cut):     {Keys: []string{"at"}},
			string(Slow):    {Keys: []string{"rate"}, Must: "rate=1000"},
			string(Corrupt): {Keys: []string{"at"}},
		},
	}
}

// Names lists the faults in alphabetical order.
func Names() []string { return language().Names() }

// Parse reads a fault as a person writes it: the name, then settings after a colon, such as "latency:by=200ms",
// "status:code=503,times=2" or "cut:at=100,operation=getImportStats,chance=0.1".
func Parse(spec string) (Fault, error) {
	f := Fault{At: -1}
	name, err := language().Parse(spec, f.set)
	if err != nil {
		return Fault{}, err
	}
	f.Name = Name(name)
	return f, nil
}

var (
	errBy     = errors.New("want a duration above 0 and up to 1h, such as 200ms")
	errCode   = errors.New("want a status from 200 to 599")
	errAt     = errors.New("want bytes from 0 on")
	errRate   = errors.New("want bytes a second from 1 on")
	errChance = errors.New("want a number above 0 and up to 1")
	errAfter  = errors.New("want a number of exchanges from 0 on")
	errTimes  = errors.New("want a number from 1 on")
	errName   = errors.New("want an operationId, such as getImportStats")
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
