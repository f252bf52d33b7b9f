package flowgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/pace"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// Socket is what an exporter sends through; *net.UDPConn is one. It is not
// connected: a connected socket fails every second write to a closed port, and
// what the ledger says was sent would not have been.
type Socket interface {
	WriteToUDPAddrPort(payload []byte, to netip.AddrPort) (int, error)
	LocalAddr() net.Addr
	Close() error
}

// DefaultRate is the datagrams a second that an Exporter sends at most. Small
// receive buffers lose datagrams well above it.
const DefaultRate = 2000

// ExporterOptions says where to send and how fast. Targets are needed; the
// rest has working zero values.
type ExporterOptions struct {
	// Targets is the collector of each protocol. Sources of other protocols
	// are an error.
	Targets map[flow.Protocol]netip.AddrPort

	Rate int       // datagrams a second at most, of all sources together; 0 is DefaultRate, less is no limit
	Pcap io.Writer // if not nil, everything sent is written there as a pcap file

	// Listen opens the socket of a source; nil opens a UDP socket on the
	// source's address and a free port.
	Listen func(Source) (Socket, error)

	// Now is the clock of the ledger; nil is time.Now.
	Now func() time.Time

	// Progress is told after each second of Run, by the goroutine that runs it;
	// nil tells nobody.
	Progress func(Progress)
}

// Progress is how far Run has come.
type Progress struct {
	Second int64       // of the model's clock, in Unix seconds: the one just sent
	Sent   flow.Bucket // by all sources since the exporter was made, without peaks

	// Behind is how long after its end the second was through; zero if it was
	// in time. It grows where Rate is less than what the sources export.
	Behind time.Duration
}

// Exporter sends the traffic of a Generator, each source from its own address,
// and records what it sent in a Ledger. Its methods are safe for concurrent
// use; they send one after the other. Close it when done.
type Exporter struct {
	options ExporterOptions
	seed    uint64
	sources []Source
	ledger  Ledger

	mu      sync.Mutex
	feeds   []*Feed
	begun   []bool // templates have been sent since the start
	sockets []Socket
	pacer   pace.Pacer
	pcap    *PcapWriter
}

// LoopbackAddrs gives n addresses that any Linux machine can send from:
// 127.1.0.1 and on. Use them as Options.Addrs.
func LoopbackAddrs(n int) []netip.Addr {
	addrs := make([]netip.Addr, n)
	for i := range addrs {
		j := i + 1
		addrs[i] = netip.AddrFrom4([4]byte{127, byte(1 + j>>16), byte(j >> 8), byte(j)})
	}
	return addrs
}

// NewExporter prepares an exporter. It opens nothing: the first send does.
func NewExporter(g *Generator, o ExporterOptions) (*Exporter, error) {
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Listen == nil {
		o.Listen = listen
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Exporter{options: o, seed: g.Seed(), sources: g.Sources(), pacer: pace.Pacer{Rate: o.Rate, Burst: 8}}
	start := o.Now().Unix()
	for _, s := range e.sources {
		to, ok := o.Targets[s.Protocol]
		if !ok {
			return nil, fmt.Errorf("flowgen: source %s exports %s, for which there is no collector; hint: give one, or limit Options.Protocols", s.Addr, s.Protocol)
		}
		if to.Addr().Unmap().Is4() != s.Addr.Is4() {
			return nil, fmt.Errorf("flowgen: source %s cannot reach the %s collector %s; hint: use addresses of one family", s.Addr, s.Protocol, to)
		}
		e.feeds = append(e.feeds, g.Feed(s.Index, start-bootBefore))
	}
	e.begun, e.sockets = make([]bool, len(e.sources)), make([]Socket, len(e.sources))
	return e, nil
}

// bootBefore is how many seconds an exporter has been up when it begins to
// send, so that flows can have begun before that.
const bootBefore = 3600

func listen(s Source) (Socket, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.Addr, 0)))
	if err != nil {
		return nil, fmt.Errorf("flowgen: cannot send from %s: %w; hint: use an address of this machine, such as 127.1.0.1, or a network namespace that has it", s.Addr, err)
	}
	return c, nil
}

// Ledger is the record of what was sent.
func (e *Exporter) Ledger() *Ledger { return &e.ledger }

// Open opens the sockets of all sources, so that an address which cannot be
// sent from is told before anything is sent. Without it each is opened by the
// first send of its source.
func (e *Exporter) Open() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.sources {
		if err := e.open(i); err != nil {
			return err
		}
	}
	return nil
}

// Seed is that of the generator.
func (e *Exporter) Seed() uint64 { return e.seed }

// Sources lists the exporters by index.
func (e *Exporter) Sources() []Source { return slices.Clone(e.sources) }

// Close closes the sockets. It can be called twice.
func (e *Exporter) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for i, s := range e.sockets {
		if s != nil {
			errs = append(errs, s.Close())
			e.sockets[i] = nil
		}
	}
	return errors.Join(errs...)
}

// Run sends the traffic of the clock's own seconds, each as it comes, until
// the duration is over or ctx ends. A second with more datagrams than Rate
// allows takes longer, and the ones behind it come late.
func (e *Exporter) Run(ctx context.Context, duration time.Duration) error {
	start := e.options.Now()
	end := start.Add(duration)
	for second := start.Unix() + 1; time.Unix(second, 0).Before(end); second++ {
		if err := sleep(ctx, time.Unix(second, 0).Sub(e.options.Now())); err != nil {
			return err
		}
		if err := e.SendSecond(ctx, second); err != nil {
			return err
		}
		if e.options.Progress != nil {
			behind := max(e.options.Now().Sub(time.Unix(second+1, 0)), 0)
			e.options.Progress(Progress{Second: second, Sent: e.ledger.Sum(), Behind: behind})
		}
	}
	return nil
}

// SendSecond sends, now, what all sources export in a second of the model.
func (e *Exporter) SendSecond(ctx context.Context, unixSecond int64) error {
	for i := range e.sources {
		err := e.send(ctx, emission{i, true, func(f *Feed, emit func(Datagram) error) error {
			return f.Second(unixSecond, emit)
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// SendRecords sends records from one source, templates first where they are
// due, in as few datagrams as hold them.
func (e *Exporter) SendRecords(ctx context.Context, source int, records []flow.Record) error {
	at := e.options.Now().UnixMilli()
	return e.send(ctx, emission{source, len(records) > 0, func(f *Feed, emit func(Datagram) error) error {
		return f.Send(at, records, emit)
	}})
}

// SendHousekeeping sends templates or counters: datagrams without flows.
func (e *Exporter) SendHousekeeping(ctx context.Context, source int) error {
	at := e.options.Now().UnixMilli()
	return e.send(ctx, emission{source, false, func(f *Feed, emit func(Datagram) error) error {
		if f.source.keep == 0 {
			return fmt.Errorf("flowgen: %s has neither templates nor counters; hint: ask a source of another protocol", f.source.Protocol)
		}
		return f.Housekeeping(at, emit)
	}})
}

// SendBad sends a damaged datagram.
func (e *Exporter) SendBad(ctx context.Context, source int, d wire.Defect) error {
	at := e.options.Now().UnixMilli()
	return e.send(ctx, emission{source, false, func(f *Feed, emit func(Datagram) error) error {
		return f.Bad(at, d, emit)
	}})
}

// SendRaw sends any payload from a source and records it as the caller counts it.
func (e *Exporter) SendRaw(ctx context.Context, source int, d Datagram) error {
	return e.send(ctx, emission{source, false, func(_ *Feed, emit func(Datagram) error) error { return emit(d) }})
}

// Restart makes the exporter of a source start anew: its sequence numbers, its
// uptime, and its templates before the next flows.
func (e *Exporter) Restart(source int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.check(source); err != nil {
		return err
	}
	e.feeds[source].Restart(e.options.Now().UnixMilli())
	e.begun[source] = false
	return nil
}

func (e *Exporter) check(source int) error {
	if source < 0 || source >= len(e.sources) {
		return fmt.Errorf("flowgen: there is no source %d; hint: there are %d, counted from 0", source, len(e.sources))
	}
	return nil
}

// emission is what a source is to send; flows tells that records may be in it.
type emission struct {
	source int
	flows  bool
	do     func(*Feed, func(Datagram) error) error
}

// send lets a source emit, paced, through its socket and into the ledger.
func (e *Exporter) send(ctx context.Context, m emission) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.check(m.source); err != nil {
		return err
	}
	if err := e.open(m.source); err != nil {
		return err
	}
	f, emit := e.feeds[m.source], func(d Datagram) error { return e.emit(ctx, m.source, d) }
	if m.flows && !e.begun[m.source] {
		if err := e.begin(f, emit); err != nil {
			return err
		}
		e.begun[m.source] = true
	}
	return m.do(f, emit)
}

// begin sends the templates that a collector needs before the first flows.
func (e *Exporter) begin(f *Feed, emit func(Datagram) error) error {
	if p := f.source.Protocol; p != flow.NetFlow9 && p != flow.IPFIX {
		return nil
	}
	return f.Housekeeping(e.options.Now().UnixMilli(), emit)
}

func (e *Exporter) open(source int) error {
	if e.options.Pcap != nil && e.pcap == nil {
		p, err := NewPcapWriter(e.options.Pcap)
		if err != nil {
			return err
		}
		e.pcap = p
	}
	if e.sockets[source] != nil {
		return nil
	}
	s, err := e.options.Listen(e.sources[source])
	if err != nil {
		return err
	}
	e.sockets[source] = s
	return nil
}

func (e *Exporter) emit(ctx context.Context, source int, d Datagram) error {
	if err := sleep(ctx, e.pacer.Wait(e.options.Now())); err != nil {
		return err
	}
	s, socket := &e.sources[source], e.sockets[source]
	to := e.options.Targets[s.Protocol]
	now := e.options.Now()
	if _, err := socket.WriteToUDPAddrPort(d.Payload, to); err != nil {
		return fmt.Errorf("flowgen: sending %s from %s to %s: %w; hint: a loopback address reaches loopback addresses only: send from one that this machine has in the network of the collector",
			s.Protocol, s.Addr, to, err)
	}
	length := uint64(len(d.Payload) + s.Layout.Overhead())
	sent := flow.Bucket{Flows: uint64(d.Flows), Packets: 1, Bytes: length}
	if d.Bad {
		sent.BadPackets, sent.BadBytes = 1, length
	}
	e.ledger.Record(s.Addr, s.Protocol, now.Unix(), sent)
	if e.pcap == nil {
		return nil
	}
	from := netip.AddrPortFrom(s.Addr, 0)
	if u, ok := socket.LocalAddr().(*net.UDPAddr); ok {
		from = netip.AddrPortFrom(s.Addr, uint16(u.Port))
	}
	return e.pcap.Write(now, from, to, d.Payload)
}

// sleep waits, or returns the error of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
