package verdict

import (
	"time"

	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// Schema names the format of the JSON report.
const Schema = "flowgate/report/v1"

// Report is the outcome of a run. Every requirement of the catalogue appears among its checks, judged or not.
type Report struct {
	Schema    string            `json:"schema"`
	Verdict   Overall           `json:"verdict"`
	Harness   Harness           `json:"harness"`
	Target    Target            `json:"target"`
	Run       Run               `json:"run"`
	Summary   Summary           `json:"summary"`
	Checks    []Check           `json:"checks"`    // in the order of the catalogue, then by id
	Exchanges []Exchange        `json:"exchanges"` // in the order in which they were sent
	Dialect   map[string]string `json:"dialect"`   // question → observed answer
	Waivers   []WaiverNote      `json:"waivers,omitempty"`
	Reason    string            `json:"reason,omitempty"` // why the verdict is incomplete or broken, "" otherwise
	Hint      string            `json:"hint,omitempty"`   // what to do about it
}

// Overall is the verdict of a whole run.
type Overall string

// The verdicts of a run.
const (
	Conformant    Overall = "conformant"
	NotConformant Overall = "not-conformant"
	Incomplete    Overall = "incomplete"
	BrokenRun     Overall = "broken"
)

// Harness says what judged.
type Harness struct {
	Version   string `json:"version"`
	Commit    string `json:"commit"`
	Catalogue string `json:"catalogue"`
}

// Target says what was judged; fields are empty where the device does not tell.
type Target struct {
	URL         string   `json:"url"`
	Model       string   `json:"model"`
	Serial      string   `json:"serial"`
	Version     string   `json:"version"`
	Fingerprint string   `json:"fingerprint"` // of the TLS certificate, sha256:…; "" over plain HTTP
	Claims      []string `json:"claims"`      // services that the device lists, such as mgmt.gateway_backup/1.0
}

// Run says how.
type Run struct {
	ID          string    `json:"id"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished"`
	Seed        uint64    `json:"seed"`
	Allow       string    `json:"allow"`
	Profile     string    `json:"profile"`
	ClockSkewMS int64     `json:"clock_skew_ms"` // device clock minus ours
}

// Summary counts checks. Waived ones are failed or warned checks that a waiver covers; they are counted once, here.
type Summary struct {
	Total     int `json:"total"`
	Passed    int `json:"passed"`
	Noted     int `json:"noted"`
	Warned    int `json:"warned"`
	Failed    int `json:"failed"`
	Waived    int `json:"waived"`
	Unclaimed int `json:"unclaimed"`
	NotRun    int `json:"not_run"`
	Broken    int `json:"broken"`
}

// Check is one judged check, or a requirement that no check judged (then ID equals Requirement).
type Check struct {
	ID          string             `json:"id"`
	Requirement string             `json:"requirement"`
	Level       catalogue.Level    `json:"level"`
	Standing    catalogue.Standing `json:"standing"`
	Source      catalogue.Citation `json:"source"`
	Hazard      string             `json:"hazard"`
	Verdict     Verdict            `json:"verdict"`
	Waived      bool               `json:"waived,omitempty"`
	Reason      string             `json:"reason"`
	DurationMS  float64            `json:"duration_ms"`
	Findings    []Finding          `json:"findings"`
}

// Exchange is one request and its answer, redacted, as a report shows it.
type Exchange struct {
	ID       string  `json:"id"`
	Probe    string  `json:"probe"`
	Request  Message `json:"request"`
	Response Message `json:"response"`
	Error    string  `json:"error,omitempty"` // why there is no answer
	Curl     string  `json:"curl"`
	Timings  Timings `json:"timings"`
}

// Message is one half of an exchange.
type Message struct {
	Method  string      `json:"method,omitempty"`
	URL     string      `json:"url,omitempty"`
	Status  int         `json:"status,omitempty"`
	Headers [][2]string `json:"headers"` // sorted by name
	Body    string      `json:"body"`    // cut at a limit, see Cut
	Cut     int         `json:"cut,omitempty"`
}

// Timings are in milliseconds; Started is the wall clock of the harness.
type Timings struct {
	Started   time.Time `json:"started"`
	FirstByte float64   `json:"first_byte_ms"`
	Total     float64   `json:"total_ms"`
}

// Count sums up checks.
func Count(checks []Check) Summary {
	s := Summary{Total: len(checks)}
	for _, c := range checks {
		switch {
		case c.Waived:
			s.Waived++
		case c.Verdict == Pass:
			s.Passed++
		case c.Verdict == Noted:
			s.Noted++
		case c.Verdict == Warned:
			s.Warned++
		case c.Verdict == Failed:
			s.Failed++
		case c.Verdict == Unclaimed:
			s.Unclaimed++
		case c.Verdict == Broken:
			s.Broken++
		default:
			s.NotRun++
		}
	}
	return s
}

// The exit codes of every command.
const (
	ExitOK            = 0 // done; conformant
	ExitNotConformant = 1
	ExitUsage         = 2 // the command line, a configuration, a waiver or a spec file is wrong
	ExitUnreachable   = 3 // the target could not be reached or judged, or the harness broke
	ExitIncomplete    = 4 // nothing was selected, a required part did not run, or a waiver is stale or expired
)

// ExitCode is the exit code of a run; strict makes a warning count as a failure.
func (r *Report) ExitCode(strict bool) int {
	switch {
	case r.Verdict == BrokenRun:
		return ExitUnreachable
	case r.Verdict == NotConformant || strict && r.Summary.Warned > 0:
		return ExitNotConformant
	case r.Verdict == Incomplete:
		return ExitIncomplete
	}
	return ExitOK
}
