package check

import (
	"time"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
)

// Target is the SSH server of a run, which devices back up to while the judge looks on. Package observer has one. One
// probe at a time uses it.
type Target interface {
	// Account is what to post: the host as devices reach it, and the one-time account of the run.
	Account() (host, user, password string)
	// Prepare makes the directory path, ends all faults and begins those that are named, and begins to watch. An error is
	// the harness's.
	Prepare(path string, faults ...string) error
	// Seen is what happened since Prepare. Secrets are looked for in events and files, by their kinds; no value of them is
	// in the result.
	Seen(path string, secrets map[string]string) (corpus.Sighting, error)
	// Copy copies the directory from to the directory to, which then has the time at; scrambled copies have other bytes.
	Copy(from, to string, at time.Time, scrambled bool) error
	// Touch gives the directory path the time at.
	Touch(path string, at time.Time) error
}
