// Package check says what a check is: probes that send and never judge, rules that judge recorded exchanges and never
// send, and the pair of them as a user sees it.
package check

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Hazard is what a probe could do to a device, wrongful acceptance included. The zero value is Observe.
type Hazard uint8

// The hazards, rising.
const (
	Observe Hazard = iota // changes nothing, even where the device wrongly accepts it
	Mutate                // starts backups
	Destroy               // starts restores
)

var hazards = [...]string{"observe", "mutate", "destroy"}

// String is the hazard's word.
func (h Hazard) String() string { return hazards[h] }

// ParseHazard reads a hazard's word.
func ParseHazard(word string) (Hazard, error) {
	for i, w := range hazards {
		if w == word {
			return Hazard(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no hazard (expected observe, mutate or destroy)", word)
}

// Profile is how much of the suite runs. The zero value is Quick.
type Profile uint8

// The profiles, rising; each includes the ones before it.
const (
	Quick Profile = iota
	Standard
	Full
)

var profiles = [...]string{"quick", "standard", "full"}

// String is the profile's word.
func (p Profile) String() string { return profiles[p] }

// ParseProfile reads a profile's word.
func ParseProfile(word string) (Profile, error) {
	for i, w := range profiles {
		if w == word {
			return Profile(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no profile (expected quick, standard or full)", word)
}

// Probe sends requests. It never judges: what it learns goes into the session's Facts so that later requests can be
// built, and into the recorded exchanges, which the rules read.
type Probe struct {
	Name    string // semantic, slash-separated; exchanges carry it
	Hazard  Hazard
	Profile Profile
	Target  bool     // it needs the SSH server of the run
	After   []string // probes that must have run before; they are selected with it
	Send    func(ctx context.Context, s Session) error
}

// Session is what a probe sends through.
type Session interface {
	// Do sends one request, records the exchange under the running probe and returns it. A failed transport is an
	// exchange with Error set, not an error; the error is for a cancelled run only.
	Do(ctx context.Context, r exchange.Request) (exchange.Exchange, error)
	// Facts is what has been learned so far; probes of one run share it and run one after the other.
	Facts() *Facts
	// Now is the harness's clock.
	Now() time.Time
	// Pause waits on the harness's clock, or until ctx ends.
	Pause(ctx context.Context, d time.Duration) error
	// Note records something that was done beside the API, under the running probe; see exchange.Recorder.Note.
	Note(n exchange.Note) exchange.Exchange
	// Dry reports that nothing is sent: Do returns exchanges without an answer.
	Dry() bool
}

// Facts are what probes need to know of a device to build requests.
type Facts struct {
	User, Password string        // of the account that the suite uses
	Array          bool          // import_stats wants its request inside an array
	Sources        []string      // source devices seen in rows, as the device spells them, busiest first
	Skew           time.Duration // device clock minus ours, as told by Date; 0 where unknown
	SkewKnown      bool
	Zone           time.Duration // of template B, east of UTC
	Secret         string        // security_pwd of this run's backups
	Restorable     string        // security_pwd of the last backup that completed
	Patience       time.Duration // how long a job is followed
	Seed           uint64
	Access         Access // how to log in
	Flows          Flows  // where flows may be sent
	Target         Target // SSH server to back up to; nil where the run has none
	Reached        bool   // a backup to Target has completed
}

// Evidence is all that a rule may look at. It is read-only; package rules prepares it.
type Evidence struct {
	Exchanges []exchange.Exchange // in the order in which they were sent
	Skew      time.Duration       // device clock minus ours, by the Date headers
	SkewKnown bool
	Zone      time.Duration // of template B, east of UTC, as seen
	Claims    []string      // services that the device lists; nil where it lists none
	Parsed    any           // of the rules: the exchanges, parsed once
}

// Of lists the exchanges of a probe.
func (e *Evidence) Of(probe string) []exchange.Exchange {
	var out []exchange.Exchange
	for _, x := range e.Exchanges {
		if x.Probe == probe {
			out = append(out, x)
		}
	}
	return out
}

// Where lists the exchanges for which keep holds.
func (e *Evidence) Where(keep func(*exchange.Exchange) bool) []exchange.Exchange {
	var out []exchange.Exchange
	for i := range e.Exchanges {
		if keep(&e.Exchanges[i]) {
			out = append(out, e.Exchanges[i])
		}
	}
	return out
}

// Judgement is what a rule says of the evidence.
type Judgement struct {
	Findings []verdict.Finding
	Reason   string                 // why nothing could be judged, where Findings is empty
	Gap      bool                   // the missing judgement is a gap that makes the whole run incomplete
	Dialect  map[dialect.Key]string // open questions that the evidence answers
}

// Rule judges evidence. It is a pure function.
type Rule func(e *Evidence) Judgement

// Check is a requirement, what to send for it, and how to judge the answers.
type Check struct {
	ID          string
	Requirement catalogue.Requirement
	Hazard      Hazard  // the highest of its probes
	Profile     Profile // the highest of its probes
	Target      bool    // one of its probes needs the SSH server of the run
	Probes      []string
	Rule        Rule
}
