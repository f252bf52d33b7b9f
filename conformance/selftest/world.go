package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/fixtures/siblings"
	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/openapi"
)

// world is what all devices of a self-test share: the same traffic, computed once.
type world struct {
	seed     uint64
	store    *flowstore.Synthetic
	siblings []*openapi.Document // every appliance has these services too
}

// The traffic of the self-test: a few IPv4 sources and one of IPv6, over the longest window that the suite asks for.
const (
	legacySources = 3
	retention     = 70 * 24 * time.Hour
)

func newWorld(seed uint64) (*world, error) {
	seed = cmp.Or(seed, 1)
	g, err := flowgen.New(flowgen.Options{Seed: seed, Sources: 16})
	if err != nil {
		return nil, fmt.Errorf("selftest: %w", err)
	}
	t := &traffic{generator: g, memory: map[moment]flow.Bucket{}}
	modern := false
	for i, s := range g.Sources() {
		if v6 := s.Addr.Is6() && !s.Addr.Is4In6(); v6 && !modern || !v6 && len(t.index) < legacySources {
			modern = modern || v6
			t.index, t.addresses = append(t.index, i), append(t.addresses, s.Addr)
		}
	}
	if !modern {
		return nil, errors.New("selftest: the traffic has no IPv6 source, so nothing could be said of IPv6")
	}
	lamps, err := openapi.Parse(siblings.Lamps)
	if err != nil {
		return nil, fmt.Errorf("selftest: %w", err)
	}
	return &world{seed: seed, store: flowstore.NewSynthetic(t, epoch.Add(-retention)), siblings: []*openapi.Document{lamps}}, nil
}

// traffic is some sources of a generator, every interval computed once.
type traffic struct {
	generator *flowgen.Generator
	index     []int
	addresses []netip.Addr

	mu     sync.RWMutex
	memory map[moment]flow.Bucket
}

// moment names an interval of a source.
type moment struct {
	length flowstore.Granularity
	source int
	number int64
}

func (t *traffic) Addresses() []netip.Addr { return t.addresses }

func (t *traffic) Second(source int, n int64) flow.Bucket {
	return t.once(moment{flowstore.Second, source, n}, t.generator.Second)
}

func (t *traffic) Minute(source int, n int64) flow.Bucket {
	return t.once(moment{flowstore.Minute, source, n}, t.generator.Minute)
}

func (t *traffic) Hour(source int, n int64) flow.Bucket {
	return t.once(moment{flowstore.Hour, source, n}, t.generator.Hour)
}

func (t *traffic) once(m moment, compute func(int, int64) flow.Bucket) flow.Bucket {
	t.mu.RLock()
	b, ok := t.memory[m]
	t.mu.RUnlock()
	if !ok {
		b = compute(t.index[m.source], m.number)
		t.mu.Lock()
		t.memory[m] = b
		t.mu.Unlock()
	}
	return b
}

// epoch is when the self-test's appliances live: a Sunday afternoon, some days after new releases and before month's end.
var epoch = time.Date(2026, time.November, 22, 15, 20, 30, 0, time.UTC)

// examine starts the device on a loopback port, on a clock that only the judge moves, and judges it.
func (w *world) examine(ctx context.Context, d *device, run []string) (report *verdict.Report, err error) {
	at, err := clock.Starting(epoch, 0)
	if err != nil {
		return nil, err
	}
	o := mockserver.Options{
		PlainHTTP: true, PasswordCost: 4, WorkFactor: 5, Seed: w.seed, Store: w.store, Clock: at, JobDuration: 500 * time.Millisecond,
		Siblings: w.siblings,
	}
	if d.options != nil {
		d.options(&o)
	}
	var flows check.Flows
	if d.loops() {
		var e *exporting
		collected := flowstore.NewCollected(flowstore.CollectedOptions{})
		if e, flows, err = collect(collected, at, d.way); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, e.Close()) }()
		o.Store = flowstore.Joined{Synthetic: w.store, Collected: collected}
	}
	pause := func(ctx context.Context, d time.Duration) error { return step(ctx, at, d) }
	var watch check.Target
	if d.watched() {
		far, err := newFarEnd(ctx, at)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, far.Close()) }()
		o.Remote, watch = far.Open, far.eye
		pause = func(ctx context.Context, d time.Duration) error {
			return errors.Join(far.settle(ctx), step(ctx, at, d))
		}
	}
	appliance, err := mockserver.New(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, appliance.Close()) }()
	handler := appliance.Handler()
	if d.wrap != nil {
		handler = d.wrap(handler)
	}
	url, stop, err := serve(handler)
	if err != nil {
		return nil, err
	}
	defer stop()
	serial := appliance.State().Serial
	code, err := appliance.IssueCode("admin")
	if err != nil {
		return nil, err
	}
	result, err := conformance.Run(ctx, conformance.Target{URL: url, User: "admin", Password: "admin", Auth: d.auth, AccessCode: code}, conformance.Options{
		Run: run, Allow: check.Destroy, Profile: check.Full, Confirm: serial, Seed: w.seed, JobTimeout: 20 * time.Minute,
		WaitExpiry: 2 * time.Hour, Guesses: 5, Flows: flows, Target: watch, Skip: d.spared(), Siblings: w.siblings,
		Now: at.Now, Pause: pause,
	})
	if err != nil {
		return nil, err
	}
	return result.Report, nil
}

// step moves the appliance's clock, and leaves the appliance a moment of real time to do what has become due.
func step(ctx context.Context, at *clock.Clock, d time.Duration) error {
	at.Advance(d)
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// serve answers on a free loopback port until stop is called.
func serve(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("selftest: no free port on 127.0.0.1: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends with ErrServerClosed
	}()
	return "http://" + l.Addr().String(), func() {
		_ = server.Close()
		<-ended
	}, nil
}
