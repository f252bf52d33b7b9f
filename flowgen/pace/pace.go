// Package pace decides when the next datagram may go. It neither sleeps nor
// reads a clock: time comes in, a wait comes out.
package pace

import "time"

// Pacer spaces events evenly. The zero Pacer never waits. It is not safe for
// concurrent use.
type Pacer struct {
	// Rate is events a second; 0 or less does not wait at all.
	Rate int

	// Burst is how many events may go at once after a pause; 0 is 1.
	Burst int

	due time.Time // of the next event, if none were early
}

// Wait reserves the next event and says how long after now it may happen; zero
// is at once. Whoever does not wait out the answer is not held back later: the
// reservation stands.
func (p *Pacer) Wait(now time.Time) time.Duration {
	if p.Rate <= 0 {
		return 0
	}
	interval := time.Second / time.Duration(p.Rate)
	slack := interval * time.Duration(max(p.Burst, 1)-1)
	if p.due.Before(now.Add(-slack)) {
		p.due = now.Add(-slack)
	}
	wait := max(p.due.Sub(now), 0)
	p.due = p.due.Add(interval)
	return wait
}
