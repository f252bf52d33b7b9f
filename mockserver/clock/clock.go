// Package clock is the one clock under the whole appliance: jobs, buckets, the Date header and file times read it, so
// that setting it, stopping it or letting it run faster moves all of them together.
//
// This file is the only place below mockserver that asks the machine for the time or makes a timer; a test sees to it.
package clock

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// MaxRate is the fastest that a clock may run: eleven days of the appliance's time in a second.
const MaxRate = 1e6

// Clock tells the appliance's time. It is safe for concurrent use.
type Clock struct {
	now   func() time.Time // of the machine
	start run              // what Reset returns to
	live  bool             // the clock follows the machine after Reset

	mu  sync.Mutex // held by writers of cur
	cur atomic.Pointer[run]
}

// run is a stretch of time in which the clock is not touched.
type run struct {
	origin  time.Time // the machine's time at its begin
	base    time.Time // the appliance's time at its begin
	rate    float64
	changed chan struct{} // closed at its end
}

// System returns a clock that shows the machine's time.
func System() *Clock {
	c := &Clock{now: time.Now, live: true}
	c.begin()
	return c
}

// Starting returns a clock that shows at when it is made and runs at rate: 1 is real time, 0 stands still. A rate out
// of 0 to MaxRate is an error.
func Starting(at time.Time, rate float64) (*Clock, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	c := &Clock{now: time.Now, start: run{base: at, rate: rate}}
	c.begin()
	return c, nil
}

func checkRate(rate float64) error {
	if math.IsNaN(rate) || rate < 0 || rate > MaxRate {
		return fmt.Errorf("clock: a rate of %v is not possible (expected 0, which stands still, to %g)", rate, float64(MaxRate))
	}
	return nil
}

func (c *Clock) begin() {
	r := run{origin: c.now(), base: c.start.base, rate: c.start.rate, changed: make(chan struct{})}
	if c.live {
		r.base, r.rate = r.origin, 1
	}
	c.cur.Store(&r)
}

// Now is the appliance's time, in UTC.
func (c *Clock) Now() time.Time { return c.cur.Load().at(c.now()) }

// At is the appliance's time at a moment of the machine's, provided that the clock has not been touched since.
func (c *Clock) At(machine time.Time) time.Time { return c.cur.Load().at(machine) }

func (r *run) at(machine time.Time) time.Time {
	elapsed := machine.Sub(r.origin)
	if r.rate != 1 {
		elapsed = scale(elapsed, r.rate)
	}
	return r.base.Add(elapsed).Round(0).UTC()
}

// scale multiplies without overflow.
func scale(d time.Duration, by float64) time.Duration {
	x := float64(d) * by
	if x > math.MaxInt64/2 {
		return math.MaxInt64 / 2
	}
	return time.Duration(x)
}

// Machine is the machine's own time. Deadlines of connections and the lifetime of secrets in memory use it, which must
// not stop when the appliance's time does.
func (c *Clock) Machine() time.Time { return c.now() }

// Rate is how fast the clock runs: 1 is real time, 0 stands still.
func (c *Clock) Rate() float64 { return c.cur.Load().rate }

// Set moves the clock to a time, forward or back; the rate stays.
func (c *Clock) Set(to time.Time) {
	c.change(func(r *run) { r.base = to })
}

// Advance moves the clock by d, which may be negative; the rate stays.
func (c *Clock) Advance(d time.Duration) {
	c.change(func(r *run) { r.base = r.base.Add(d) })
}

// SetRate changes how fast the clock runs from now on. A rate out of 0 to MaxRate is an error and changes nothing.
func (c *Clock) SetRate(rate float64) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	c.change(func(r *run) { r.rate = rate })
	return nil
}

// Reset sets the clock back to what it was when it was made.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.cur.Load()
	c.begin()
	close(old.changed)
}

func (c *Clock) change(edit func(*run)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.cur.Load()
	machine := c.now()
	next := run{origin: machine, base: old.at(machine), rate: old.rate, changed: make(chan struct{})}
	edit(&next)
	c.cur.Store(&next)
	close(old.changed)
}

// Wait returns nil once the clock has reached a time, however it gets there, or the context's error.
func (c *Clock) Wait(ctx context.Context, until time.Time) error {
	for {
		r := c.cur.Load()
		left := until.Sub(r.at(c.now()))
		if left <= 0 {
			return ctx.Err()
		}
		if err := r.pause(ctx, left); err != nil {
			return err
		}
	}
}

// Pause returns nil when d of the machine's time has passed, or the context's error.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause returns when that much of the appliance's time should have passed, or the run has ended.
func (r *run) pause(ctx context.Context, left time.Duration) error {
	var fire <-chan time.Time
	if r.rate > 0 {
		timer := time.NewTimer(max(scale(left, 1/r.rate), time.Microsecond))
		defer timer.Stop()
		fire = timer.C
	}
	select {
	case <-fire:
	case <-r.changed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
