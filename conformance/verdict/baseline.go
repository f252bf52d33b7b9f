package verdict

import (
	"fmt"
	"regexp"
	"time"
)

// BaselineLife is how long a baseline excuses what it knows, from the end of the run that made it.
const BaselineLife = 90 * 24 * time.Hour

// Baseline turns the report of an earlier run into waivers: one for each check that failed or warned there, for the
// same model, until BaselineLife has passed. A failure that is not in the report stays one; one that has gone makes its
// waiver stale; a check that does not run this time says nothing of its waiver.
func Baseline(r *Report) []Waiver {
	var out []Waiver
	for i := range r.Checks {
		c := &r.Checks[i]
		if !c.violated() {
			continue
		}
		w := Waiver{
			Check: c.ID, Baseline: true, Expires: r.Run.Finished.Add(BaselineLife).UTC().Truncate(24 * time.Hour),
			Reason: fmt.Sprintf("in the baseline, run %s of %s", r.Run.ID, r.Run.Finished.UTC().Format(time.DateOnly)),
		}
		if r.Target.Model != "" {
			w.Model = "^" + regexp.QuoteMeta(r.Target.Model) + "$"
		}
		out = append(out, w)
	}
	return out
}
