// Package fools holds the wrong devices that the suite is measured against: wrappers around the handler of any
// appliance, each with one bug that firmware could have, beside odd but lawful devices that must never be accused. It
// knows no appliance: whatever it wraps is asked over HTTP only, and a fool learns from the exchanges that pass by.
package fools

import (
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// Kind says what a fool is for. The zero value is Mutant.
type Kind uint8

// The kinds of fools.
const (
	Mutant        Kind = iota // breaks one requirement, which must be the one that is not met
	Eccentric                 // odd but lawful: nothing may be held against it
	Unconditional             // answers without looking at the request; never conformant
	Inert                     // a control that changes nothing; it must be judged like the device that it wraps
	Canary                    // a control that is glaringly wrong; a suite that lets it pass is void
)

var kinds = [...]string{"mutant", "eccentric", "unconditional", "inert", "canary"}

// String is the kind's word.
func (k Kind) String() string { return kinds[k] }

// Fool is one device that is deliberately wrong or odd.
type Fool struct {
	Name string // semantic, slash-separated, unique
	Kind Kind
	// Requirement is the id in the catalogue of what a mutant or a canary breaks; a kill counts only where a check of
	// this requirement says so. It is empty for the other kinds.
	Requirement string
	// Expect is the verdict that Requirement must get: Failed, or Warned where it is only a should. For the other
	// kinds it is the gravest verdict that any requirement may get on account of the fool: Noted for eccentrics and
	// inert controls, Failed for unconditional devices.
	Expect verdict.Verdict
	About  string // what the device does, as one sentence without a subject
	// Wrap makes a fresh device around next: all state is its own, so a fool can be wrapped any number of times. The
	// handler may be used from several goroutines; it answers one request at a time. Unconditional devices never
	// call next.
	Wrap func(next http.Handler) http.Handler
	// Way stands between exporters and the device's collectors, around next, which delivers; nil leaves datagrams
	// alone. All state is its own, as with Wrap. It takes one datagram at a time.
	Way func(next Way) Way
	// FarEnd marks a fool whose jobs to other machines, and nothing else, differ: only the machine at the other end can
	// tell. It goes to whatever machine a job names, documentation addresses excepted.
	FarEnd bool
}

// All lists every fool, sorted by name.
func All() []Fool {
	all := slices.Concat(
		rowFools(), answerFools(), windowFools(), requestFools(), filterFools(), agreementFools(), calendarFools(), spanFools(),
		errorFools(), authFools(), loginFools(), backupFools(), restoreFools(), startFools(), flowFools(), targetFools(), siblingFools(),
		eccentrics(), unconditional(), controls(),
	)
	slices.SortFunc(all, func(a, b Fool) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Find returns the fool of that name; ok is false where there is none.
func Find(name string) (f Fool, ok bool) {
	for _, f := range All() {
		if f.Name == name {
			return f, true
		}
	}
	return Fool{}, false
}

// Covers tells which mutants break which requirement: ids of the catalogue, each with the sorted names of its mutants.
func Covers() map[string][]string {
	out := map[string][]string{}
	for _, f := range All() {
		if f.Kind == Mutant {
			out[f.Requirement] = append(out[f.Requirement], f.Name)
		}
	}
	return out
}

// mutant is a fool that breaks one requirement.
func mutant(name, requirement, about string, b behaviour) Fool {
	return Fool{Name: name, Kind: Mutant, Requirement: requirement, Expect: verdict.Failed, About: about, Wrap: b.wrap}
}

// warned is a mutant of a requirement that is only a should.
func warned(f Fool) Fool {
	f.Expect = verdict.Warned
	return f
}
