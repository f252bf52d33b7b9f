package mockserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/flowgate-dev/flowgate/mockserver/control"
)

// Dropped tells what a Reset forgot.
type Dropped = control.Dropped

// startControl starts the control plane, where one was asked for, and returns its URL.
func (a *Appliance) startControl() (string, error) {
	if a.options.Control == "" {
		return "", nil
	}
	socket, err := net.Listen("tcp", a.options.Control)
	if err != nil {
		return "", fmt.Errorf("mockserver: the control plane cannot listen on %s: %w", a.options.Control, err)
	}
	a.serve(controlPlane, socket, &http.Server{Handler: a.ControlHandler()})
	return "http://" + socket.Addr().String(), nil
}

// ControlHandler is the control plane alone, without a port.
func (a *Appliance) ControlHandler() http.Handler { return control.Handler(a) }

// Seed is the seed of all that is made up.
func (a *Appliance) Seed() uint64 { return a.options.Seed }

// SourceCount is how many devices export flows.
func (a *Appliance) SourceCount() int { return len(a.store.Sources()) }

// Reset brings the appliance back to how it started: no jobs, no local backups, no collected statistics, no ordered
// events, an empty journal, no sessions, no tokens and no locks, its first state, dialect, faults and clock. The error is
// that of the depot.
func (a *Appliance) Reset(ctx context.Context) (Dropped, error) {
	d := Dropped{Jobs: a.device.Reset(), Sources: a.forgetCollected()}
	a.clock.Reset()
	a.access.reset(a.clock.Now())
	a.SetState(*a.options.Identity)
	err := errors.Join(a.SetDialect(a.options.Dialect), a.SetFaults(a.options.Faults))
	var cleared error
	d.Backups, cleared = a.options.Depot.Clear(ctx)
	d.Exchanges = a.journal.Clear()
	if a.live != nil {
		d.Events = a.live.Forget()
	}
	return d, errors.Join(err, cleared)
}

// Access tells what is open.
func (a *Appliance) Access() control.Access {
	now := a.clock.Now()
	out := control.Access{Sessions: a.access.sessions.Len(now), Locked: a.access.accounts.Locked(now)}
	out.Codes, out.Tokens = a.access.tokens.Len(now)
	return out
}
