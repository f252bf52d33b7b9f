package probes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/pace"
)

// flowRate is the datagrams per second that are sent at most: far from what a small receive buffer loses.
const flowRate = 500

// longEnough is the shortest wait that is waited: datagrams go in small bunches rather than each by itself.
const longEnough = 10 * time.Millisecond

// Flows go out in bursts that begin in these seconds of a minute, clear of its edges and far enough apart to be told
// apart by the second although clocks differ.
var bursts = [...]time.Duration{6 * time.Second, 14 * time.Second, 22 * time.Second, 30 * time.Second, 38 * time.Second}

// late is the second of a minute in which nothing may be sent any more.
const late = 50 * time.Second

func (s *set) flows() []check.Probe {
	return []check.Probe{{Name: corpus.FlowLoop, After: []string{ScoutZone}, Send: s.flowLoop}}
}

// campaign is all that the probe sends, minute by minute.
type campaign struct {
	session   check.Session
	exporters []*exporter
	minutes   int
	first     time.Time // the start of the first minute, by the device's clock
	pacer     pace.Pacer
}

func (s *set) flowLoop(ctx context.Context, sn check.Session) (err error) {
	f := &sn.Facts().Flows
	if len(f.Collectors) == 0 {
		return nil
	}
	c, err := plan(sn, f)
	if err != nil {
		return err
	}
	if !sn.Dry() {
		defer func() { err = errors.Join(err, c.close()) }()
		for _, e := range c.exporters {
			if err := e.open(f); err != nil {
				return err
			}
		}
	}
	for m := range c.minutes {
		if err := c.minute(ctx, m); err != nil {
			return err
		}
	}
	if err := c.until(ctx, c.at(c.minutes).Add(grace)); err != nil {
		return err
	}
	return send(func(check.Session) []exchange.Request { return s.flowQueries(c) })(ctx, sn)
}

// plan gives each mission of each collector an address and its minutes.
func plan(sn check.Session, f *check.Flows) (*campaign, error) {
	c := &campaign{session: sn, pacer: pace.Pacer{Rate: flowRate, Burst: 8}, exporters: exporters(f)}
	from, err := addresses(f, len(c.exporters))
	if err != nil {
		return nil, err
	}
	now := deviceNow(sn)
	c.first = now.Truncate(time.Minute)
	if now.Sub(c.first) > bursts[0]-time.Second {
		c.first = c.first.Add(time.Minute)
	}
	base := uint32(now.Unix()) << 6 //nolint:gosec // only tells runs apart
	var at []int
	at, c.minutes = assign(c.exporters, len(from))
	for i, e := range c.exporters {
		e.place(from[at[i]], base+uint32(i)+1, now) //nolint:gosec // a few dozen
	}
	return c, nil
}

// exporters are those of all missions of all collectors.
func exporters(f *check.Flows) []*exporter {
	var out []*exporter
	for _, m := range corpus.Missions() {
		for _, to := range f.Collectors {
			if slices.Contains(m.Protocols, to.Protocol) {
				out = append(out, newExporter(m, to, len(out)+1))
			}
		}
	}
	return out
}

// assign gives each exporter its first minute and one of n addresses, which they share one after the other.
func assign(list []*exporter, n int) (addresses []int, minutes int) {
	free := make([]int, n)
	for _, e := range list {
		at := slices.Index(free, slices.Min(free))
		addresses = append(addresses, at)
		e.first = free[at]
		free[at] += e.Minutes
		minutes = max(minutes, free[at])
	}
	return addresses, minutes
}

// grace is how long after the last minute the device is asked: rules hold it to have rolled up what ended two minutes
// before.
const grace = 2*time.Minute + 5*time.Second

// FlowTime is about how long FlowLoop takes. The error says why nothing can be sent.
func FlowTime(f *check.Flows) (time.Duration, error) {
	list := exporters(f)
	if len(list) == 0 {
		return 0, nil
	}
	from, err := addresses(f, len(list))
	if err != nil {
		return 0, err
	}
	_, minutes := assign(list, len(from))
	return time.Duration(minutes)*time.Minute + time.Minute/2 + grace, nil
}

// addresses are those to send from: the given ones, n of 127.0.0.0/8 for collectors there, or the machine's own.
func addresses(f *check.Flows, n int) ([]netip.Addr, error) {
	if len(f.From) > 0 {
		return f.From, nil
	}
	away := slices.IndexFunc(f.Collectors, func(c check.Collector) bool { return !c.Addr.Addr().Is4() || !c.Addr.Addr().IsLoopback() })
	if away < 0 {
		return flowgen.LoopbackAddrs(n), nil
	}
	// Connecting a UDP socket sends nothing; it asks the routing table.
	to := f.Collectors[away].Addr
	probe, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, fmt.Errorf("there is no way to the collector %s: %w; hint: give the address to send from with --flows-from", to, err)
	}
	own, err := netip.ParseAddrPort(probe.LocalAddr().String())
	if err = errors.Join(err, probe.Close()); err != nil {
		return nil, fmt.Errorf("the address of this machine towards %s cannot be read: %w", to, err)
	}
	return []netip.Addr{own.Addr().Unmap().WithZone("")}, nil
}

func listenUDP(from netip.Addr) (flowgen.Socket, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)))
	if err != nil {
		return nil, fmt.Errorf("flows cannot be sent from %s: %w; hint: --flows-from takes addresses of this machine", from, err)
	}
	return c, nil
}

// at is the start of a minute of the campaign.
func (c *campaign) at(minute int) time.Time { return c.first.Add(time.Duration(minute) * time.Minute) }

// until waits for a time of the device's clock.
func (c *campaign) until(ctx context.Context, at time.Time) error {
	if d := at.Sub(deviceNow(c.session)); d > 0 && !c.session.Dry() {
		return c.session.Pause(ctx, d)
	}
	return ctx.Err()
}

// minute sends what all exporters have for it, and notes what was sent.
func (c *campaign) minute(ctx context.Context, m int) error {
	start := c.at(m)
	var active []*exporter
	for _, e := range c.exporters {
		if m >= e.first && m < e.first+e.Minutes {
			e.begin(start)
			active = append(active, e)
		}
	}
	for b, second := range bursts {
		if err := c.until(ctx, start.Add(second)); err != nil {
			return err
		}
		for _, e := range active {
			if err := c.burst(ctx, e, m-e.first, b); err != nil {
				return err
			}
		}
	}
	if now := deviceNow(c.session); now.After(start.Add(late)) && !c.session.Dry() {
		return fmt.Errorf("sending took until second %.0f of the minute, so that nothing could be said of it", now.Sub(start).Seconds())
	}
	for _, e := range active {
		text, err := e.sent.JSON()
		if err != nil {
			return err
		}
		c.session.Note(exchange.Note{
			Step: e.Name, URL: "udp://" + e.to.String(), Body: text,
			Started: start.Add(-c.session.Facts().Skew), Total: time.Minute,
		})
	}
	return nil
}

// burst sends what an exporter has for one burst.
func (c *campaign) burst(ctx context.Context, e *exporter, minute, burst int) error {
	at := deviceNow(c.session)
	if c.session.Dry() {
		at = c.at(minute + e.first).Add(bursts[burst])
	}
	list, err := e.shots(minute, burst, at)
	if err != nil {
		return err
	}
	for _, s := range list {
		if !c.session.Dry() {
			if wait := c.pacer.Wait(c.session.Now()); wait >= longEnough {
				if err := c.session.Pause(ctx, wait); err != nil {
					return err
				}
			}
			at = deviceNow(c.session)
			if err := e.send(s); err != nil {
				return err
			}
		}
		e.account(s, at)
	}
	return nil
}

func (c *campaign) close() error {
	var errs []error
	for _, e := range c.exporters {
		if e.socket != nil {
			errs = append(errs, e.socket.Close())
		}
	}
	return errors.Join(errs...)
}

// flowQueries ask for the rows of each exporter's minutes, and for those of all sources.
func (s *set) flowQueries(c *campaign) []exchange.Request {
	f := c.session.Facts()
	ask := func(step, stats string, from, to time.Time, source string) exchange.Request {
		return s.query(f, step, "C", corpus.Epoch(stats, from, to, source))
	}
	var out []exchange.Request
	around := func(step string, from time.Time, minutes int, source netip.Addr) {
		out = append(out, ask(step, "flows_per_minute", from.Add(-time.Minute), from.Add(time.Duration(minutes+1)*time.Minute), source.String()))
	}
	list := slices.Clone(c.exporters)
	slices.SortStableFunc(list, func(a, b *exporter) int { return cmp.Or(a.source.Compare(b.source), a.first-b.first) })
	for _, e := range list {
		around(corpus.StepMinutes, c.at(e.first), e.Minutes, e.source)
		switch e.Name {
		case corpus.MissionFlows:
			out = append(out, ask(corpus.StepSeconds, "flows_per_second", c.at(e.first), c.at(e.first+1), e.source.String()))
		case corpus.MissionLate:
			around(corpus.StepHeader, c.at(e.first).Add(-corpus.Late), 1, e.source)
		}
	}
	end := c.at(c.minutes + 1)
	return append(out, ask(corpus.StepAll, "flows_per_minute", c.first.Add(-time.Minute), end, ""))
}
