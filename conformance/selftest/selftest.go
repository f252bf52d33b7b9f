// Package selftest judges the judge. It runs the whole suite against the appliance as it is, against every lawful
// variant and against every named mutant, and tells which were caught, and for which reason. It is one of the two places
// that see both halves of the project.
package selftest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/observer"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// Options say what to run. The zero value runs everything.
type Options struct {
	Run     []string // globs of device names, see verdict.MatchGlob; empty runs all, controls included
	Workers int      // devices judged at once; 0 is two for each processor: half of a run is waiting
	Seed    uint64   // of the appliance; 0 is 1
	// Focus judges a mutant by the checks of the document that it breaks and by no others: faster, and blind to what
	// else would have failed.
	Focus    bool
	Progress func(done, total int, o Outcome)
}

// Outcome is what the suite said of one device.
type Outcome struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"` // mutant, eccentric, dialect, unconditional, inert, canary or plain
	About       string   `json:"about"`
	Requirement string   `json:"requirement,omitempty"` // that a mutant breaks
	State       string   `json:"state"`                 // killed, survived, spared, accused or invalid
	By          []string `json:"by"`                    // checks of the named requirement that failed, or the ones that accused
	Also        []string `json:"also,omitempty"`        // other checks that failed
	Reason      string   `json:"reason,omitempty"`      // the first finding, or why the run is invalid
}

// The states of an outcome.
const (
	Killed   = "killed"
	Survived = "survived"
	Spared   = "spared"
	Accused  = "accused"
	Invalid  = "invalid"
)

// Matrix is the outcome of a self-test.
type Matrix struct {
	Outcomes    []Outcome `json:"outcomes"` // sorted by kind and name
	Mutants     int       `json:"mutants"`
	Killed      int       `json:"killed"`
	Survived    int       `json:"survived"`
	Invalid     int       `json:"invalid"`
	KillRate    float64   `json:"kill_rate"` // of the mutants that are not invalid; 0 where there is none
	Lawful      int       `json:"lawful"`
	FalseAlarms int       `json:"false_alarms"`
	Void        string    `json:"void,omitempty"` // why the run says nothing: a control failed
	// Unproven are the checks of a must or a should that no wrong device failed, sorted: a rule that cannot fail
	// proves nothing. Only a run of all devices can tell; nil otherwise.
	Unproven []string `json:"unproven,omitempty"`
}

// Summary is the matrix in one line, as the contract words it.
func (m *Matrix) Summary() string {
	return fmt.Sprintf("mutants %d killed %d survived %d invalid %d kill_rate %.3f · lawful %d false_alarms %d",
		m.Mutants, m.Killed, m.Survived, m.Invalid, m.KillRate, m.Lawful, m.FalseAlarms)
}

// ExitCode is 3 for a void run, 4 for one in which nothing was judged, 1 when a mutant survived, was invalid, a
// lawful device was accused, or a check was failed by no wrong device, and 0 otherwise.
func (m *Matrix) ExitCode() int {
	switch {
	case m.Void != "":
		return verdict.ExitUnreachable
	case m.Mutants+m.Lawful == 0:
		return verdict.ExitIncomplete
	case m.Survived+m.Invalid+m.FalseAlarms+len(m.Unproven) > 0:
		return verdict.ExitNotConformant
	}
	return verdict.ExitOK
}

// Run judges the devices. The error is for a cancelled context, for globs that select nothing, and for an appliance
// that could not be started.
func Run(ctx context.Context, o Options) (*Matrix, error) {
	if o.Workers == 0 {
		o.Workers = 2 * runtime.NumCPU()
	}
	var selected []device
	for _, d := range devices() {
		if len(o.Run) == 0 || slices.ContainsFunc(o.Run, func(g string) bool { return verdict.MatchGlob(g, d.name) }) {
			selected = append(selected, d)
		}
	}
	if len(selected) == 0 {
		return nil, fmt.Errorf("selftest: %s selects no device", strings.Join(o.Run, ", "))
	}
	w, err := newWorld(o.Seed)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(selected))
	work := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range o.Workers {
		wg.Go(func() {
			for i := range work {
				outcomes[i] = w.judge(ctx, &selected[i], o.Focus)
				mu.Lock()
				done++
				if o.Progress != nil {
					o.Progress(done, len(selected), outcomes[i])
				}
				mu.Unlock()
			}
		})
	}
	for i := range selected {
		if ctx.Err() != nil {
			break
		}
		work <- i
	}
	close(work)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("selftest: stopped: %w", context.Cause(ctx))
	}
	m := tabulate(outcomes)
	if len(o.Run) == 0 {
		checks, err := conformance.List(conformance.Options{Allow: check.Destroy, Profile: check.Full, Target: &observer.Observer{}})
		if err != nil {
			return nil, err
		}
		m.Unproven = unproven(checks, outcomes)
	}
	return m, nil
}

// unproven lists the checks that can fail and that no wrong device failed.
func unproven(checks []check.Check, outcomes []Outcome) []string {
	failed := map[string]bool{}
	for _, o := range outcomes {
		if o.Kind != "mutant" && o.Kind != "unconditional" && o.Kind != "canary" {
			continue
		}
		for _, id := range slices.Concat(o.By, o.Also) {
			failed[id] = true
		}
	}
	var out []string
	for i := range checks {
		if c := &checks[i]; c.Requirement.Level != catalogue.May && !failed[c.ID] {
			out = append(out, c.ID)
		}
	}
	slices.Sort(out)
	return out
}

// tabulate counts outcomes and looks at the controls.
func tabulate(outcomes []Outcome) *Matrix {
	m := &Matrix{Outcomes: outcomes}
	slices.SortStableFunc(m.Outcomes, func(a, b Outcome) int { return strings.Compare(a.Kind+" "+a.Name, b.Kind+" "+b.Name) })
	for _, o := range m.Outcomes {
		switch o.Kind {
		case "mutant", "unconditional":
			m.Mutants++
			switch o.State {
			case Killed:
				m.Killed++
			case Survived:
				m.Survived++
			default:
				m.Invalid++
			}
		case "canary":
			if o.State != Killed {
				m.Void = "the canary " + o.Name + " was not caught"
			}
		case "inert", "plain":
			if o.State != Spared {
				m.Void = fmt.Sprintf("the control %s, which is no mutant, was %s: %s", o.Name, o.State, o.Reason)
			}
			if o.Kind == "plain" {
				m.Lawful++
			}
		default:
			m.Lawful++
			if o.State != Spared {
				m.FalseAlarms++
			}
		}
	}
	if judged := m.Killed + m.Survived; judged > 0 {
		m.KillRate = float64(m.Killed) / float64(judged)
	}
	return m
}
