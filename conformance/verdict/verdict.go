// Package verdict holds what a judgement is: verdicts and how they join, findings, the report and its exit codes, and
// waivers. It knows nothing of how exchanges are made or rendered.
package verdict

import (
	"fmt"
	"strings"
)

// Verdict is the outcome of a check. Verdicts are ordered by gravity; the zero value is NotRun.
type Verdict uint8

// The verdicts, rising. Only Pass is green: a check that did not run is never a pass.
const (
	NotRun    Verdict = iota // not selected, not allowed, or what it needs was missing
	Unclaimed                // the device does not claim to offer this
	Pass                     // met
	Noted                    // the documents are silent or contradict themselves; this is what the device does
	Warned                   // a should is not met
	Failed                   // a must is not met
	Broken                   // the harness itself failed
)

var words = [...]string{"not-run", "unclaimed", "pass", "noted", "warned", "failed", "broken"}

// String is the verdict's word, as reports write it.
func (v Verdict) String() string { return words[v] }

// MarshalText writes the verdict's word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's word.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, w := range words {
		if w == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("verdict: %q is no verdict (expected one of: %s)", text, strings.Join(words[:], ", "))
}

// Join is the graver of two verdicts.
func Join(a, b Verdict) Verdict { return max(a, b) }

// Finding is one observation of a check: what was expected, what was seen, and the exchange that shows it.
type Finding struct {
	Verdict  Verdict `json:"verdict"`
	Want     string  `json:"want"`
	Got      string  `json:"got"`
	Exchange string  `json:"exchange,omitempty"` // id of an exchange of the report; "" where the finding spans none
	// Witness is the id of the exchange that holds what a second observer saw; "" where there is none.
	Witness string `json:"witness,omitempty"`
}
