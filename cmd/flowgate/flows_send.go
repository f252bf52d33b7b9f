package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// maxSendRate is the most datagrams a second that can be asked for: what collectors take in without loss.
const maxSendRate = 20_000

// sendFlags are the flags of flowgate flows send.
type sendFlags struct {
	worldFlags
	rate        int
	duration    time.Duration
	truth, pcap string
}

func (a *app) flowsSend() *cobra.Command {
	f := &sendFlags{}
	cmd := &cobra.Command{
		Use:   "send PROTO=HOST:PORT...",
		Short: "Send flow traffic to collectors",
		Long: `Send made-up flow traffic to one collector or more, each source from an address of its own, second by second as
the sources export it, until --duration is over or a signal ends it. PROTO is netflow5, netflow9, ipfix or sflow; the
sources speak the protocols given in turn.

To collectors on loopback addresses eight sources send, from 127.1.0.1 and on. To others one sends, from the address
that this machine has towards the collector; --from names more, which this machine or its network namespace must have.

What was sent is summed up at the end. --truth writes it second by second: {"seed", "rows": [{"source", "protocol",
"second", "flows", "packets", "bytes", "bad_packets", "bad_bytes"}]}, where packets are datagrams and bytes their
length with IP and UDP headers.`,
		Example: `  flowgate flows send netflow5=127.0.0.1:2055 --duration 1m --truth truth.json
  flowgate flows send netflow9=10.0.0.1:9996 ipfix=10.0.0.1:4739 --from 10.0.0.20,10.0.0.21`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return arguments("PROTO=HOST:PORT")(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runFlowsSend(cmd.Context(), f, args) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.rate, "rate", flowgen.DefaultRate, fmt.Sprintf("datagrams a second at most, of all sources together; up to %d", maxSendRate))
	fl.DurationVar(&f.duration, "duration", 0, "how long to send, such as 30s or 10m; 0 is until a signal")
	fl.StringVar(&f.truth, "truth", "", "`FILE` for what was sent, second by second; - is standard output")
	fl.StringVar(&f.pcap, "pcap", "", "`FILE` to capture what is sent in, for tshark and tcpdump")
	return cmd
}

func (a *app) runFlowsSend(ctx context.Context, f *sendFlags, args []string) error {
	s, err := a.sending(ctx, f, args)
	if err != nil {
		return err
	}
	defer s.close()
	// The truth is written before anything is sent, so that a file which cannot be is told now and not in an hour.
	if f.truth != "" && f.truth != "-" {
		if err := f.writeTruth(a.out, s.exporter); err != nil {
			return err
		}
	}
	ended := f.run(ctx, a, s)
	// Whatever ended it, what was sent is told.
	return cmp.Or(ended, f.finish(a, s.exporter), s.pcap.finish())
}

// run sends until the duration is over, which is no error, nor is a signal.
func (f *sendFlags) run(ctx context.Context, a *app, s *sending) error {
	until, duration := "until a signal ends it", time.Duration(math.MaxInt64)
	if f.duration > 0 {
		until, duration = "for "+f.duration.String(), f.duration
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, duration+time.Second) // the last second may have just begun
		defer stop()
	}
	fmt.Fprintf(a.err, "%s %s\n", counted(len(s.exporter.Sources()), "source sends", "sources send"), until)
	err := s.exporter.Run(ctx, duration)
	s.progress.end()
	if errors.Is(err, context.DeadlineExceeded) {
		s.progress.late()
	}
	if err != nil && ctx.Err() == nil {
		return broken("", "%w", err)
	}
	return nil
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// sending is an exporter that is ready, and what belongs to it.
type sending struct {
	exporter *flowgen.Exporter
	progress *sendProgress
	pcap     *capture
}

// close takes back what sending opened; a capture that is finished stays whole.
func (s *sending) close() {
	_ = s.exporter.Close() // sockets that were only written to
	_ = s.pcap.finish()    // told before, unless another error was
}

// sending makes the exporter and opens everything that it needs.
func (a *app) sending(ctx context.Context, f *sendFlags, args []string) (*sending, error) {
	g, targets, err := f.world(ctx, args)
	if err != nil {
		return nil, err
	}
	s := &sending{progress: a.sendProgress(f), pcap: &capture{path: f.pcap}}
	o := flowgen.ExporterOptions{Targets: targets, Rate: f.rate, Progress: func(now flowgen.Progress) {
		s.progress.show(now)
		if f.truth == "" {
			s.exporter.Ledger().Forget(now.Second) // rows that nobody will read
		}
	}}
	if f.pcap != "" {
		o.Pcap = s.pcap
	}
	if s.exporter, err = flowgen.NewExporter(g, o); err != nil {
		return nil, wrong("", "%w", err)
	}
	if err = s.pcap.create(); err == nil {
		err = s.exporter.Open()
	}
	if err != nil {
		s.close()
		return nil, broken("", "%w", err)
	}
	return s, nil
}

// world is the traffic that the flags describe, and where it goes.
func (f *sendFlags) world(ctx context.Context, args []string) (*flowgen.Generator, map[flow.Protocol]netip.AddrPort, error) {
	switch {
	case f.rate < 1 || f.rate > maxSendRate:
		return nil, nil, wrong("this is no load generator", "--rate is %d (expected 1 to %d)", f.rate, maxSendRate)
	case f.duration < 0:
		return nil, nil, wrong("", "--duration is %s (expected 0 or more)", f.duration)
	}
	o, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	targets, order, err := collectors(ctx, args)
	if err != nil {
		return nil, nil, err
	}
	o.Protocols = order
	if len(o.Addrs) == 0 {
		if o.Addrs, err = f.ownAddresses(ctx, targets); err != nil {
			return nil, nil, err
		}
		o.Sources = len(o.Addrs)
	}
	if len(o.Addrs) < len(order) {
		return nil, nil, wrong("a source speaks one protocol: name more with --from, or give more --sources",
			"there are %d collectors and %d sources", len(order), len(o.Addrs))
	}
	g, err := flowgen.New(o)
	if err != nil {
		return nil, nil, wrong("", "%w", err)
	}
	return g, targets, nil
}

// collectors reads PROTO=HOST:PORT, and looks names up.
func collectors(ctx context.Context, args []string) (map[flow.Protocol]netip.AddrPort, []flow.Protocol, error) {
	targets, order := map[flow.Protocol]netip.AddrPort{}, []flow.Protocol(nil)
	for _, arg := range args {
		word, address, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, nil, wrong("such as netflow5=127.0.0.1:2055", "%q is no collector (expected PROTO=HOST:PORT)", arg)
		}
		p, err := flow.Parse(word)
		if err != nil {
			return nil, nil, wrong("", "%q: %w", arg, err)
		}
		if _, twice := targets[p]; twice {
			return nil, nil, wrong("run the command once for each of them", "%s is there twice: a protocol has one collector", p)
		}
		if targets[p], err = lookUpCollector(ctx, address); err != nil {
			return nil, nil, err
		}
		order = append(order, p)
	}
	return targets, order, nil
}

func lookUpCollector(ctx context.Context, address string) (netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(address)
	port, err2 := strconv.ParseUint(text, 10, 16)
	if err != nil || err2 != nil || host == "" || port == 0 {
		return netip.AddrPort{}, wrong("an address is such as 127.0.0.1:2055 or [2001:db8::1]:2055", "%q is no address of a collector (expected HOST:PORT)", address)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(a.Unmap(), uint16(port)), nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, broken("give the address in digits", "the collector %s is not found: %w", host, err)
	}
	for _, a := range found {
		if a.Unmap().Is4() {
			return netip.AddrPortFrom(a.Unmap(), uint16(port)), nil
		}
	}
	return netip.AddrPortFrom(found[0], uint16(port)), nil
}

// ownAddresses are what sources send from where --from names none.
func (f *sendFlags) ownAddresses(ctx context.Context, targets map[flow.Protocol]netip.AddrPort) ([]netip.Addr, error) {
	const usual = 8
	loopback := true
	var towards netip.AddrPort
	for _, p := range flow.Protocols() {
		if to, ok := targets[p]; ok && !(to.Addr().Is4() && to.Addr().IsLoopback()) {
			loopback, towards = false, to
		}
	}
	if loopback {
		n := f.sources
		if n == 0 {
			n = usual
		}
		return flowgen.LoopbackAddrs(n), nil
	}
	if f.sources > 1 || len(targets) > 1 {
		return nil, wrong("name the addresses with --from; a network namespace can have any number of them",
			"this machine has one address towards %s, and each source needs one of its own", towards.Addr())
	}
	// A UDP socket that is connected but not written to sends nothing: it only asks the routing table.
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", towards.String())
	if err != nil {
		return nil, broken("name the address to send from with --from", "there is no way from here to %s: %w", towards, err)
	}
	defer c.Close()
	return []netip.Addr{c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()}, nil //nolint:forcetypeassert // of UDP
}

// capture is the file of --pcap; without a path it is none.
type capture struct {
	path string
	file *os.File
	*bufio.Writer
}

func (c *capture) create() (err error) {
	if c.path == "" {
		return nil
	}
	if c.file, err = os.Create(c.path); err != nil {
		return fmt.Errorf("--pcap: %w", err)
	}
	c.Writer = bufio.NewWriterSize(c.file, 1<<16)
	return nil
}

// finish writes what is left and closes the file, once.
func (c *capture) finish() error {
	if c.file == nil {
		return nil
	}
	err := cmp.Or(c.Flush(), c.file.Close())
	c.file = nil
	if err != nil {
		return broken("", "--pcap %s: cannot be written: %w", c.path, err)
	}
	return nil
}

func (f *sendFlags) writeTruth(out io.Writer, e *flowgen.Exporter) error {
	write := func(w io.Writer) error { return e.Ledger().WriteJSON(w, e.Seed()) }
	if f.truth == "-" {
		if err := write(out); err != nil {
			return broken("", "the truth cannot be written: %w", err)
		}
		return nil
	}
	if err := writeFile(f.truth, write); err != nil {
		return broken("", "--truth %s: %w", f.truth, err)
	}
	return nil
}

// finish writes the truth and sums up. Where the truth goes to standard output the sum does not.
func (f *sendFlags) finish(a *app, e *flowgen.Exporter) error {
	out := a.out
	if f.truth != "" {
		if err := f.writeTruth(a.out, e); err != nil {
			return err
		}
	}
	if f.truth == "-" {
		out = a.err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, sources int, b flow.Bucket) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", what, sources, b.Flows, b.Packets, b.Bytes, b.BadPackets)
	}
	fmt.Fprintln(t, "protocol\tsources\tflows\tdatagrams\tbytes\tdamaged datagrams\t")
	sources := map[flow.Protocol]int{}
	for _, s := range e.Sources() {
		sources[s.Protocol]++
	}
	for _, p := range flow.Protocols() {
		if sources[p] > 0 {
			row(p.String(), sources[p], e.Ledger().Sent(p))
		}
	}
	row("sent", len(e.Sources()), e.Ledger().Sum())
	if err := t.Flush(); err != nil {
		return broken("", "the sum cannot be written: %w", err)
	}
	return nil
}

// sendProgress tells how far sending has come: each second on a terminal, elsewhere each tenth of the duration, or each
// minute where there is none. That it falls behind is told once.
type sendProgress struct {
	*progress
	w        io.Writer
	rate     int
	duration int
	seconds  int
	told     bool
}

func (a *app) sendProgress(f *sendFlags) *sendProgress {
	return &sendProgress{progress: a.progress(), w: a.err, rate: f.rate, duration: int(f.duration / time.Second)}
}

// tolerated is how late a second may be through: what is left of it goes in the next.
const tolerated = 2 * time.Second

func (p *sendProgress) show(now flowgen.Progress) {
	p.seconds++
	what := fmt.Sprintf("s: %d flows in %d datagrams", now.Sent.Flows, now.Sent.Packets)
	switch {
	case p.duration > 0:
		p.step(p.seconds, p.duration, what)
	case p.live || p.seconds%60 == 0:
		p.tenth = -1
		p.step(p.seconds, p.seconds, what)
	}
	if now.Behind > tolerated {
		p.late()
	}
}

// late says once that the rate is too low.
func (p *sendProgress) late() {
	if p.told {
		return
	}
	p.told = true
	p.end()
	fmt.Fprintf(p.w, "flowgate: the sources export more than %d datagrams a second, so that some go late or not at all\nhint: give a higher --rate, or fewer sources\n", p.rate)
}
