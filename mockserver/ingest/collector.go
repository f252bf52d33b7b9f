package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// Sink takes what a collector has counted. It returns how many arrivals it refused for want of room. It must not keep
// the slice. A *flowstore.Collected is one.
type Sink interface {
	Count(arrivals []flowstore.Arrival) (refused int)
}

// Options make a Collector. Now and Sink are needed.
type Options struct {
	Protocol string // see Protocols; "" is netflow
	Listen   string // HOST:PORT; port 0 is any free one
	Sink     Sink
	Now      func() time.Time // the appliance's clock: the second in which a datagram arrives
	Rules    *Rules           // what counts as what; nil is the dialect's defaults
	Buffer   int              // bytes of the socket's receive buffer that are asked for; 0 is DefaultBuffer
	Logger   *slog.Logger     // failures of the socket; nil discards them
}

// DefaultBuffer is the receive buffer that is asked for: half a second of 20,000 large datagrams. Linux gives no more
// than net.core.rmem_max, without a word, unless the process may administer the network.
const DefaultBuffer = 32 << 20

// batch is how many datagrams are read at once, and most how long one may be.
const (
	batch = 64
	most  = 1 << 16
)

// templates bounds what exporters can make a collector remember: some 2 MB for a source that does its worst.
func templates() wire.Limits {
	return wire.Limits{Domains: 4096, DomainsPerSource: 16, Templates: 64, Fields: 128}
}

// Collector is one UDP socket and the goroutine that reads it. It is safe for concurrent use. Who made it closes it.
type Collector struct {
	options  Options
	accepted []uint16
	conn     *net.UDPConn
	read     func([]ipv4.Message, int) (int, error)
	decoder  wire.Decoder
	forget   atomic.Bool
	rules    atomic.Pointer[Rules]
	done     chan struct{}

	mu       sync.Mutex
	counters Counters
	failed   error
}

// Listen opens the socket and begins to read. Once it returns, datagrams are taken. The error says what cannot be
// listened on.
func Listen(o Options) (*Collector, error) {
	o.Protocol = cmp.Or(o.Protocol, "netflow")
	o.Buffer = cmp.Or(o.Buffer, DefaultBuffer)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	versions, err := accepted(o.Protocol)
	if err != nil {
		return nil, err
	}
	conn, err := open(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("ingest: the %s collector cannot listen on %s: %w", o.Protocol, o.Listen, err)
	}
	enlarge(conn, o.Buffer)
	c := &Collector{options: o, accepted: versions, conn: conn, decoder: wire.Decoder{Limits: templates()}, done: make(chan struct{})}
	c.read = ipv4.NewPacketConn(conn).ReadBatch
	if c.Addr().Addr().Is6() {
		c.read = ipv6.NewPacketConn(conn).ReadBatch
	}
	c.Follow(o.Rules)
	c.counters = Counters{Protocol: o.Protocol, Address: c.Addr().String()}
	go c.run()
	return c, nil
}

// open binds a socket. An IPv4 address gets one that IPv6 cannot reach, even if it is 0.0.0.0.
func open(listen string) (*net.UDPConn, error) {
	at, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return nil, err
	}
	if at.IP.To4() != nil {
		return net.ListenUDP("udp4", at)
	}
	return net.ListenUDP("udp", at)
}

// Addr is where the collector listens.
func (c *Collector) Addr() netip.AddrPort {
	return c.conn.LocalAddr().(*net.UDPAddr).AddrPort() //nolint:forcetypeassert // the address of a UDP socket
}

// Follow replaces the rules, from the next datagrams on; nil is the dialect's defaults.
func (c *Collector) Follow(r *Rules) {
	if r == nil {
		r = RulesOf(nil)
	}
	c.rules.Store(r)
}

// Forget drops all templates, as a restart of the appliance would.
func (c *Collector) Forget() { c.forget.Store(true) }

// Close stops reading. It may be called twice. The error is that by which reading had ended before.
func (c *Collector) Close() error {
	err := c.conn.Close()
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil && err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return c.failed
}

// run reads until the socket is closed.
func (c *Collector) run() {
	defer close(c.done)
	messages := make([]ipv4.Message, batch)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, most)}
	}
	r := round{arrivals: make([]flowstore.Arrival, 0, batch)}
	for {
		n, err := c.read(messages, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.take(&r, messages[:n])
	}
}

func (c *Collector) fail(err error) {
	c.options.Logger.Error("a collector has ended", "protocol", c.options.Protocol, "address", c.Addr(), "error", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = fmt.Errorf("ingest: the %s collector on %s had ended before: %w", c.options.Protocol, c.Addr(), err)
}

// round is what one read brought.
type round struct {
	arrivals []flowstore.Arrival
	counters Counters
}

// take counts a batch: all of it arrives now.
func (c *Collector) take(r *round, messages []ipv4.Message) {
	if c.forget.CompareAndSwap(true, false) {
		c.decoder = wire.Decoder{Limits: templates()}
	}
	r.arrivals, r.counters = r.arrivals[:0], Counters{}
	now, rules := c.options.Now().Unix(), c.rules.Load()
	for i := range messages {
		from, ok := messages[i].Addr.(*net.UDPAddr)
		if !ok {
			continue
		}
		addr, _ := netip.AddrFromSlice(from.IP)
		a := flowstore.Arrival{Source: addr.Unmap(), Second: now}
		if c.judge(r, rules, &a, messages[i].Buffers[0][:messages[i].N]) {
			r.arrivals = append(r.arrivals, a)
		}
	}
	r.counters.Refused = uint64(c.options.Sink.Count(r.arrivals)) //nolint:gosec // a count
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.add(&r.counters)
}

// judge decodes one payload and says what it counts for; ok is false where it counts for nothing.
func (c *Collector) judge(r *round, rules *Rules, a *flowstore.Arrival, payload []byte) (ok bool) {
	a.Bucket = flow.Bucket{Packets: 1, Bytes: uint64(len(payload) + rules.headers(a.Source))} //nolint:gosec // lengths
	m, as, fault := wire.Message{}, bad, wire.ErrVersion
	if takes(rules.versions(c.options.Protocol, c.accepted), payload) {
		m, as, fault = c.decode(rules, a.Source, payload)
	}
	switch as {
	case bad:
		a.BadPackets, a.BadBytes = 1, a.Bytes
		r.counters.Bad[fault]++
	case packet:
		a.Export = flowstore.Export{Protocol: m.Protocol, Version: m.Version}
	case ignored:
	}
	a.Flows = uint64(m.Flows) //nolint:gosec // a count
	a.Second, ok = rules.second(m, a.Second)
	r.counters.Datagrams++
	r.counters.Bytes += a.Bytes
	r.counters.Flows += a.Flows
	return ok && as != ignored
}

// decode reads a payload of a version that is taken. The fault is that of a bad one.
func (c *Collector) decode(rules *Rules, from netip.Addr, payload []byte) (wire.Message, treatment, wire.Fault) {
	m, err := c.decoder.Decode(from, payload)
	var refused *wire.DecodeError
	switch {
	case errors.As(err, &refused):
		return wire.Message{}, bad, refused.Fault
	case m.Protocol == flow.SFlow:
		return m, packet, 0
	case m.Unknown > 0: // the flows of the sets that could be read count
		return m, rules.unknown, noTemplate
	case m.Templates > 0 && m.Flows == 0 && m.OptionRecords == 0:
		return m, rules.templates, wire.ErrTemplate
	}
	return m, packet, 0
}
