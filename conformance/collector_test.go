package conformance_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// habits are the ways of a collector that the documents leave open.
type habits struct {
	headerClock, zeroRows, endLabels, summed bool
	ignoreTemplates, templatesBad            bool
	orphans                                  string // "": bad; packet or ignored
	counterFlows, scaled                     bool
	ahead                                    time.Duration // of its clock
}

// collector is a device that counts flows: import_stats and nothing else, on a clock that the test moves.
type collector struct {
	habits

	mu      sync.Mutex
	now     time.Time
	seconds map[int64]map[netip.Addr]*flow.Bucket
	known   []netip.Addr
	decoder wire.Decoder
}

func newCollector(h habits) *collector {
	return &collector{habits: h, now: time.Date(2026, 11, 22, 15, 20, 30, 0, time.UTC), seconds: map[int64]map[netip.Addr]*flow.Bucket{}}
}

// Now is the harness's clock.
func (c *collector) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pause moves it.
func (c *collector) pause(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// take counts a datagram.
func (c *collector) take(d fools.Datagram) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now.Add(c.ahead).Unix()
	m, err := c.decode(d)
	b := flow.Bucket{Packets: 1, Bytes: uint64(len(d.Payload)) + 28}
	if d.From.Is6() {
		b.Bytes += 20
	}
	switch {
	case err != nil:
		b.BadPackets, b.BadBytes = 1, b.Bytes
	case m.Templates > 0 && m.Flows == 0 && c.ignoreTemplates:
		return nil
	case m.Templates > 0 && m.Flows == 0 && c.templatesBad:
		b.BadPackets, b.BadBytes = 1, b.Bytes
	case m.Unknown > 0 && m.Flows == 0 && c.orphans == "":
		b.BadPackets, b.BadBytes = 1, b.Bytes
	case m.Unknown > 0 && m.Flows == 0 && c.orphans == "ignored":
		return nil
	case m.Protocol == flow.SFlow && c.counterFlows:
		b.Flows = uint64(m.Flows + m.Counters)
	default:
		b.Flows = uint64(m.Flows)
	}
	if m.Protocol == flow.SFlow && c.scaled {
		b.Flows *= 4
	}
	if err == nil && m.Export != 0 && c.headerClock {
		at = m.Export / 1000
	}
	if !slices.Contains(c.known, d.From) {
		c.known = append(c.known, d.From)
	}
	if c.seconds[at] == nil {
		c.seconds[at] = map[netip.Addr]*flow.Bucket{}
	}
	c.seconds[at][d.From] = cmp.Or(c.seconds[at][d.From], &flow.Bucket{})
	c.seconds[at][d.From].Add(b)
	return nil
}

// decode reads a datagram by the port that it came to: sFlow shares its version number with NetFlow v5.
func (c *collector) decode(d fools.Datagram) (wire.Message, error) {
	m, err := c.decoder.Decode(d.From, d.Payload)
	if sflow := d.To.Port() == 6343; err == nil && sflow != (m.Protocol == flow.SFlow) {
		return m, wire.ErrVersion
	}
	return m, err
}

// row is one of import_stats.
func (c *collector) row(label int64, source string, b flow.Bucket) map[string]any {
	return map[string]any{
		"time": time.Unix(label, 0).UTC().Format("2006-01-02 15:04:05-07:00"), "source_ip": source,
		"n_flows": b.Flows, "n_bytes": b.Bytes, "n_bad_bytes": b.BadBytes, "n_packets": b.Packets, "n_bad_packets": b.BadPackets,
		"peak_n_flows": strconv.FormatUint(b.PeakFlows, 10), "peak_n_bytes": strconv.FormatUint(b.PeakBytes, 10), "peak_n_packets": strconv.FormatUint(b.PeakPackets, 10),
	}
}

// ServeHTTP answers template C; the others have no rows here.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Date", c.now.Add(c.ahead).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/api/mgmt.flowgateway_analytics/1.0/import_stats" {
		http.NotFound(w, r)
		return
	}
	var q struct {
		Stats  string `json:"stats_type"`
		Start  any    `json:"start_time"`
		End    any    `json:"end_time"`
		Source string `json:"source_ip"`
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &q)
	start, ok := q.Start.(float64)
	end, okToo := q.End.(float64)
	rows := []any{}
	if step := map[string]int64{"flows_per_second": 1, "flows_per_minute": 60, "flows_per_hour": 3600}[q.Stats]; ok && okToo && step > 0 {
		rows = c.rows(int64(start), int64(end), step, q.Source)
	}
	_ = json.NewEncoder(w).Encode(rows)
}

func (c *collector) rows(start, end, step int64, source string) []any {
	if end-start > 24*3600 {
		start = end - 24*3600
	}
	rows := []any{}
	for t := start / step * step; t < end; t += step {
		label, all := t, flow.Bucket{}
		if c.endLabels {
			label += step
		}
		for _, a := range c.known {
			var b flow.Bucket
			for second := t; second < t+step; second++ {
				if one := c.seconds[second][a]; one != nil {
					b.Add(one.Second())
				}
			}
			if all.Add(b); !c.summed || source != "" {
				if (source == "" || source == a.String()) && (c.zeroRows || !b.IsZero()) {
					rows = append(rows, c.row(label, a.String(), b))
				}
			}
		}
		if c.summed && source == "" && !all.IsZero() {
			rows = append(rows, c.row(label, "", all))
		}
	}
	return rows
}

// direct asks a handler without a network.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// wire to a collector, without a network.
type line struct {
	from netip.Addr
	way  fools.Way
}

func (l line) WriteToUDPAddrPort(payload []byte, to netip.AddrPort) (int, error) {
	return len(payload), l.way(fools.Datagram{From: l.from, To: to, Payload: payload})
}
func (l line) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(netip.AddrPortFrom(l.from, 9)) }
func (l line) Close() error        { return nil }

// everyProtocol are the collector's ports.
func everyProtocol() []check.Collector {
	var out []check.Collector
	for i, port := range []uint16{2055, 9995, 4739, 6343} {
		out = append(out, check.Collector{Protocol: flow.Protocols()[i], Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)})
	}
	return out
}

// loop is a run of the flow checks against a collector, made foolish by wrap and way where they are not nil.
func (c *collector) loop(o conformance.Options, f fools.Fool) (conformance.Target, conformance.Options) {
	var handler http.Handler = c
	if f.Wrap != nil {
		handler = f.Wrap(c)
	}
	way := fools.Way(c.take)
	if f.Way != nil {
		way = f.Way(way)
	}
	o.Now, o.Pause = c.Now, c.pause
	o.Profile = check.Full
	if o.Run == nil {
		o.Run = []string{"analytics/flows"}
	}
	if o.Flows.Collectors == nil {
		o.Flows.Collectors = everyProtocol()
	}
	o.Flows.Listen = func(from netip.Addr) (flowgen.Socket, error) {
		if !from.IsValid() {
			return nil, fmt.Errorf("no address")
		}
		return line{from, way}, nil
	}
	return conformance.Target{URL: "http://collector.example", User: "qa", Password: "pass-of-qa", Transport: direct{handler}}, o
}
