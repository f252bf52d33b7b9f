package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
)

// loops reports whether a device is judged by flows too. It takes some time, and shows nothing of most devices.
func (d *device) loops() bool {
	switch {
	case d.way != nil, d.kind == "plain", d.kind == "inert", strings.HasPrefix(d.requirement, "analytics/flows/"), strings.HasPrefix(d.name, "eccentric/flows-"):
		return true
	}
	return d.name == "dialect/silent-buckets/zero" || d.name == "dialect/all-sources/sum" || d.name == "eccentric/clock-two-hours-behind"
}

// exporting is one device's collectors, and the way to them.
type exporting struct {
	ports []*ingest.Collector
	way   fools.Way

	mu      sync.Mutex
	sockets map[netip.Addr]*net.UDPConn
}

// collect opens collectors of every protocol on loopback, which count into store on the appliance's clock.
func collect(store *flowstore.Collected, at *clock.Clock, way func(fools.Way) fools.Way) (*exporting, check.Flows, error) {
	e := &exporting{sockets: map[netip.Addr]*net.UDPConn{}}
	e.way = e.deliver
	if way != nil {
		e.way = way(e.way)
	}
	flows := check.Flows{Listen: func(from netip.Addr) (flowgen.Socket, error) { return socket{e, from}, nil }}
	for _, p := range flow.Protocols() {
		port, err := ingest.Listen(ingest.Options{Protocol: p.String(), Listen: "127.0.0.1:0", Sink: store, Now: at.Now})
		if err != nil {
			return nil, check.Flows{}, errors.Join(err, e.Close())
		}
		e.ports = append(e.ports, port)
		flows.Collectors = append(flows.Collectors, check.Collector{Protocol: p, Addr: port.Addr()})
	}
	return e, flows, nil
}

// Close closes collectors and sockets.
func (e *exporting) Close() error {
	var errs []error
	for _, p := range e.ports {
		errs = append(errs, p.Close())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.sockets {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// patience is how long a collector may take to read one datagram, on a machine that is busy with other things.
const patience = 30 * time.Second

// deliver sends a datagram and returns once its collector has read it, so that the clock does not move before.
func (e *exporting) deliver(d fools.Datagram) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.sockets[d.From]
	if s == nil {
		var err error
		if s, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(d.From, 0))); err != nil {
			return fmt.Errorf("selftest: no socket on %s: %w", d.From, err)
		}
		e.sockets[d.From] = s
	}
	before := e.read()
	if _, err := s.WriteToUDPAddrPort(d.Payload, d.To); err != nil {
		return fmt.Errorf("selftest: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for wait := 10 * time.Microsecond; e.read() == before; wait = min(2*wait, time.Millisecond) {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("selftest: the collector %s did not read a datagram", d.To)
		case <-timer.C:
		}
	}
	return nil
}

// read is how many datagrams have been read.
func (e *exporting) read() (n uint64) {
	for _, p := range e.ports {
		c := p.Counters()
		n += c.Datagrams + c.Refused
	}
	return n
}

// socket is that of one source device.
type socket struct {
	to   *exporting
	from netip.Addr
}

func (s socket) WriteToUDPAddrPort(payload []byte, to netip.AddrPort) (int, error) {
	return len(payload), s.to.way(fools.Datagram{From: s.from, To: to, Payload: payload})
}

func (s socket) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(cmp.Or(s.from, netip.IPv4Unspecified()), 0))
}

// Close does nothing: sockets are closed with the collectors.
func (s socket) Close() error { return nil }
