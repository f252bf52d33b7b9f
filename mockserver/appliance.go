// Package mockserver is an appliance of the FlowGateway family, as far as its REST API shows: flow statistics, backup
// and restore. Routes and request validation come from the OpenAPI document of package openapi; where the documents
// leave questions open, the appliance's dialect answers them.
//
// An [Appliance] is an [http.Handler] first; Start gives it ports and a certificate. Package mockservertest starts one
// for a test.
package mockserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/device"
	"github.com/flowgate-dev/flowgate/mockserver/fault"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Appliance is one appliance. It is safe for concurrent use. Who made it closes it.
type Appliance struct {
	options   Options
	limits    Limits
	log       *slog.Logger
	clock     *clock.Clock
	router    router
	access    *access
	device    *device.Device
	keeper    keeper
	store     flowstore.Store
	live      *flowstore.Live // the part of store that is made up; nil where nothing is
	collected collected
	journal   *journal.Journal
	faults    *fault.Set
	dialect   atomic.Pointer[dialect.Dialect]
	state     atomic.Pointer[device.State]
	dated     atomic.Pointer[dated]
	pools     pools

	mu        sync.Mutex
	endpoint  Endpoint
	listeners []*listener
	started   bool
	closed    bool
}

// New makes an appliance that does not listen yet. It does no I/O. The error says which option cannot be used.
func New(options Options) (*Appliance, error) {
	o, err := options.filled()
	if err != nil {
		return nil, err
	}
	a := &Appliance{options: o, limits: o.Limits, log: o.Logger, clock: o.Clock, journal: journal.New(o.Entries)}
	t, err := a.options.traffic()
	if err != nil {
		return nil, err
	}
	a.store, a.collected.store, a.live = t.store, t.collected, t.live
	a.faults = fault.NewSet(o.Seed)
	if a.router, err = newRouter(o.Document); err != nil {
		return nil, err
	}
	if err := a.router.join(o.Siblings, o.Seed); err != nil {
		return nil, err
	}
	if a.access, err = newAccess(o); err != nil {
		return nil, err
	}
	a.access.close(a.router)
	if err := a.SetDialect(o.Dialect); err != nil {
		return nil, err
	}
	if err := a.SetFaults(o.Faults); err != nil {
		return nil, err
	}
	if (len(o.TLSCert) == 0) != (len(o.TLSKey) == 0) {
		return nil, errors.New("mockserver: a certificate needs its key, and a key its certificate (hint: give both, or neither)")
	}
	if len(o.TLSCert) > 0 {
		if _, err := tls.X509KeyPair(o.TLSCert, o.TLSKey); err != nil {
			return nil, fmt.Errorf("mockserver: the certificate or its key cannot be used: %w", err)
		}
	}
	a.SetState(*o.Identity)
	a.pools.fill()
	a.device = device.New(device.Options{Clock: o.Clock, Duration: o.JobDuration, Keep: a.keepJobs})
	return a, nil
}

// Handler is the API alone, without a port: what Start serves. Close must still be called, for jobs.
func (a *Appliance) Handler() http.Handler { return a }

// Clock is the appliance's clock.
func (a *Appliance) Clock() *clock.Clock { return a.clock }

// Journal keeps the exchanges of the API.
func (a *Appliance) Journal() *journal.Journal { return a.journal }

// Device runs the appliance's jobs.
func (a *Appliance) Device() *device.Device { return a.device }

// Dialect is the full set of answers in use; the caller must not change it.
func (a *Appliance) Dialect() dialect.Dialect { return *a.dialect.Load() }

// SetDialect replaces all answers; a question without one gets its default. The error names an answer that is not
// lawful, and then nothing changes.
func (a *Appliance) SetDialect(answers dialect.Dialect) error {
	checked := dialect.Dialect{}
	for key, answer := range answers {
		if err := checked.Set(key, answer); err != nil {
			return err
		}
	}
	full := checked.Full()
	a.dialect.Store(&full)
	a.collected.follow(full)
	return nil
}

// State is a copy of what the appliance is and is set to.
func (a *Appliance) State() device.State { return a.state.Load().Clone() }

// SetState replaces it.
func (a *Appliance) SetState(s device.State) {
	a.putState(s)
	a.keepState()
}

func (a *Appliance) putState(s device.State) {
	s = s.Clone()
	a.state.Store(&s)
}

// Sources are the addresses that flows come from, sorted; the caller must not change the slice.
func (a *Appliance) Sources() []netip.Addr { return a.store.Sources() }
