package selftest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/observer"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget/fault"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// watched reports whether a device's jobs are watched from the other end too. That takes some time, and shows nothing of
// devices that are wrong in their statistics.
func (d *device) watched() bool {
	switch d.kind {
	case "plain", "inert":
		return true
	case "mutant":
		return d.farEnd || strings.HasPrefix(d.requirement, "backup/") || strings.HasPrefix(d.requirement, "restore/")
	case "dialect":
		key, _, _ := strings.Cut(strings.TrimPrefix(d.name, "dialect/"), "/")
		q, _ := dialect.Find(dialect.Key(key))
		return strings.HasPrefix(q.Why, "backup")
	}
	return d.farEnd
}

// spared are checks that a device is not judged by: those of a machine that does not answer need one that waits on the
// appliance's clock, and fools, as appliances that look before they answer, have none.
func (d *device) spared() []string {
	if d.farEnd && d.name != "target/hangs" || d.name == "dialect/"+string(dialect.BadHost)+"/reject" {
		return []string{"backup/target/failure/hang", "backup/status/running/ends/ssh"}
	}
	return nil
}

// farEnd is the machine that a device's jobs go to, and the way to it.
type farEnd struct {
	at     *clock.Clock
	target *sshtarget.Target
	eye    *observer.Observer
	ssh    *depot.SSH

	mu   sync.Mutex
	open int
	idle chan struct{} // closed while open is 0
}

func newFarEnd(ctx context.Context, at *clock.Clock) (*farEnd, error) {
	target, err := sshtarget.New(sshtarget.Options{Now: at.Now})
	if err != nil {
		return nil, err
	}
	f := &farEnd{at: at, target: target, ssh: depot.NewSSH(depot.SSHOptions{Loopback: true}), idle: make(chan struct{})}
	close(f.idle)
	if _, err = target.Start(ctx); err == nil {
		f.eye, err = observer.New(observer.Options{Target: target})
	}
	if err != nil {
		return nil, errors.Join(err, target.Close())
	}
	return f, nil
}

// Close stops the machine.
func (f *farEnd) Close() error { return f.target.Close() }

func (f *farEnd) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == 0 {
		f.idle = make(chan struct{})
	}
	if f.open += n; f.open == 0 {
		close(f.idle)
	}
}

// giveUp is how long the appliance waits for the machine, by its own clock.
const giveUp = time.Minute

// Open is a depot.Open that gives up by the appliance's clock, which the judge moves.
func (f *farEnd) Open(ctx context.Context, to depot.Destination) (depot.Depot, func(), error) {
	f.count(1)
	ctx, cancel := context.WithCancelCause(ctx)
	var waiting sync.WaitGroup
	until := f.at.Now().Add(giveUp)
	waiting.Go(func() {
		if f.at.Wait(ctx, until) == nil {
			cancel(fmt.Errorf("%w %s", depot.ErrNoAnswer, to.Host))
		}
	})
	end := func() {
		cancel(nil)
		waiting.Wait()
		f.count(-1)
	}
	d, closing, err := f.ssh.Open(ctx, to)
	if err != nil {
		end()
		return nil, nil, err
	}
	return d, func() {
		closing()
		end()
	}, nil
}

// settle waits until the appliance has no more to do at the machine, so that the clock does not run away from work that
// takes real time. A machine that does not answer is not waited for.
func (f *farEnd) settle(ctx context.Context) error {
	if slices.ContainsFunc(f.target.Faults(), func(x sshtarget.Fault) bool { return x.Name == fault.Hang }) {
		return nil
	}
	f.mu.Lock()
	idle := f.idle
	f.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
