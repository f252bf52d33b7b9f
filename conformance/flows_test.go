package conformance_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// looped judges a collector by flows.
func looped(t *testing.T, h habits, f fools.Fool, o conformance.Options) *conformance.Result {
	t.Helper()
	target, o := newCollector(h).loop(o, f)
	result, err := conformance.Run(t.Context(), target, o)
	require.NoError(t, err)
	return result
}

// accused lists the checks that a report holds against a device, with their reasons.
func accused(r *verdict.Report) []string {
	var out []string
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Verdict >= verdict.Warned {
			out = append(out, c.ID+": "+c.Reason)
		}
	}
	return out
}

func TestACollectorThatCountsRightIsConformant(t *testing.T) {
	r := looped(t, habits{}, fools.Fool{}, conformance.Options{}).Report
	require.Empty(t, accused(r))
	require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
	for i := range r.Checks {
		c := &r.Checks[i]
		if strings.HasPrefix(c.ID, "analytics/flows/") {
			require.GreaterOrEqual(t, c.Verdict, verdict.Pass, "%s: %s", c.ID, c.Reason)
		}
	}
	for key, want := range map[string]string{
		"byte-level": "ip", "bucket-clock": "arrival", "bad-datagrams": "all", "template-datagrams": "packet", "unknown-template": "bad",
		"old-versions": "both", "sflow-flows": "samples", "sflow-counters": "none",
	} {
		require.Equal(t, want, r.Dialect[key], key)
	}
}

func TestWhatTheDocumentsLeaveOpenIsObserved(t *testing.T) {
	for name, c := range map[string]struct {
		habits habits
		seen   map[string]string
	}{
		"its header's time decides":         {habits{headerClock: true}, map[string]string{"bucket-clock": "header"}},
		"rows of zeros":                     {habits{zeroRows: true}, map[string]string{"silent-buckets": "zero"}},
		"labels are ends":                   {habits{endLabels: true}, map[string]string{"bucket-clock": "arrival"}},
		"one row for all":                   {habits{summed: true}, map[string]string{"byte-level": "ip"}},
		"templates are not counted":         {habits{ignoreTemplates: true}, map[string]string{"template-datagrams": "ignored"}},
		"templates are bad":                 {habits{templatesBad: true}, map[string]string{"template-datagrams": "bad", "bad-datagrams": "all"}},
		"orphans are packets":               {habits{orphans: "packet"}, map[string]string{"unknown-template": "packet"}},
		"orphans are not counted":           {habits{orphans: "ignored"}, map[string]string{"unknown-template": "ignored"}},
		"counter samples are flows":         {habits{counterFlows: true}, map[string]string{"sflow-counters": "flows"}},
		"samples are scaled":                {habits{scaled: true}, map[string]string{"sflow-flows": "scaled"}},
		"a clock that is two hours ahead":   {habits{ahead: 2*3600e9 + 17e9}, map[string]string{"bucket-clock": "arrival"}},
		"a clock that is a minute behind":   {habits{ahead: -61e9}, map[string]string{"bucket-clock": "arrival"}},
		"a clock that is half a second off": {habits{ahead: 0.6e9}, map[string]string{"bucket-clock": "arrival"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := looped(t, c.habits, fools.Fool{}, conformance.Options{}).Report
			require.Empty(t, accused(r))
			require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
			for key, want := range c.seen {
				require.Equal(t, want, r.Dialect[key], key)
			}
		})
	}
}

func TestFoolsOfFlowsAreCaughtForTheirOwnReason(t *testing.T) {
	tried := 0
	for _, f := range fools.All() {
		mutant := f.Kind == fools.Mutant && strings.HasPrefix(f.Requirement, "analytics/flows/")
		if odd := f.Kind == fools.Eccentric && strings.HasPrefix(f.Name, "eccentric/flows-"); !mutant && !odd {
			continue
		}
		tried++
		t.Run(f.Name, func(t *testing.T) {
			r := looped(t, habits{}, f, conformance.Options{}).Report
			caught := false
			for i := range r.Checks {
				c := &r.Checks[i]
				caught = caught || c.Requirement == f.Requirement && c.Verdict == f.Expect
			}
			require.Equal(t, mutant, caught, "%s: %v", f.About, accused(r))
			if !mutant {
				require.Empty(t, accused(r))
				require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
			}
			t.Log(strings.Join(accused(r), "\n"))
		})
	}
	require.Greater(t, tried, 20)
}

func verdictsOf(r *verdict.Report) map[string]string {
	out := map[string]string{}
	for i := range r.Checks {
		if c := &r.Checks[i]; strings.HasPrefix(c.ID, "analytics/flows/") {
			out[c.ID] = c.Verdict.String() + " " + c.Reason
		}
	}
	return out
}

func TestARecordingOfFlowsIsJudgedAsTheRunWas(t *testing.T) {
	for _, name := range []string{"flows/one-in-ten-lost", "eccentric/flows-bytes-of-payload"} {
		f, ok := fools.Find(name)
		require.True(t, ok)
		run := looped(t, habits{}, f, conformance.Options{})
		want := verdictsOf(run.Report)
		require.Greater(t, len(want), 40)

		dir := t.TempDir()
		require.NoError(t, exchange.WriteDir(dir, run.Exchanges))
		read, err := exchange.ReadDir(dir)
		require.NoError(t, err)
		again, err := conformance.Judge(read, conformance.Options{Run: []string{"analytics/flows"}})
		require.NoError(t, err)
		require.Equal(t, want, verdictsOf(again.Report))
		require.Equal(t, run.Report.Dialect, again.Report.Dialect)

		var har bytes.Buffer
		require.NoError(t, exchange.WriteHAR(&har, run.Exchanges, "test"))
		read, err = exchange.ReadHAR(&har)
		require.NoError(t, err)
		again, err = conformance.Judge(read, conformance.Options{Run: []string{"analytics/flows"}})
		require.NoError(t, err)
		require.Equal(t, want, verdictsOf(again.Report))
	}
}

func TestWithoutCollectorsNothingIsSentAndNothingIsMissing(t *testing.T) {
	c := newCollector(habits{})
	target, o := c.loop(conformance.Options{}, fools.Fool{})
	o.Flows.Collectors = nil
	o.Run = []string{"analytics/flows", "common/ping"}
	result, err := conformance.Run(t.Context(), target, o)
	require.NoError(t, err)
	require.Empty(t, c.known)
	require.Equal(t, verdict.Conformant, result.Report.Verdict, result.Report.Reason)
	told := verdictsOf(result.Report)
	require.Equal(t, "not-run no flows were sent: name the device's collectors with --flows PROTO=HOST:PORT", told["analytics/flows/source"])
	require.Equal(t, "not-run no flows were sent: name the device's collector with --flows ipfix=HOST:PORT", told["analytics/flows/complete/ipfix"])
}

func TestACollectorThatIsNotThereIsAGapAndNoFault(t *testing.T) {
	deaf := fools.Fool{Way: func(next fools.Way) fools.Way {
		return func(d fools.Datagram) error {
			if d.To.Port() == 4739 {
				return nil
			}
			return next(d)
		}
	}}
	r := looped(t, habits{}, deaf, conformance.Options{}).Report
	require.Equal(t, verdict.Incomplete, r.Verdict)
	require.Empty(t, accused(r))
	told := verdictsOf(r)
	require.Contains(t, told["analytics/flows/complete/ipfix"], "not-run nothing that was sent to 127.0.0.1:4739 stands in any row")
	require.Contains(t, told["analytics/flows/complete/netflow9"], "pass")
}

func TestFlowsFromOneAddressTakeTurns(t *testing.T) {
	from := []netip.Addr{netip.MustParseAddr("127.0.0.7")}
	for _, h := range []habits{{}, {endLabels: true}, {headerClock: true}} {
		c := newCollector(h)
		target, o := c.loop(conformance.Options{Flows: check.Flows{From: from}}, fools.Fool{})
		began := c.Now()
		result, err := conformance.Run(t.Context(), target, o)
		require.NoError(t, err)
		require.Empty(t, accused(result.Report))
		require.Equal(t, verdict.Conformant, result.Report.Verdict, result.Report.Reason)
		require.Equal(t, from, c.known)
		took := c.Now().Sub(began)
		foretold, err := conformance.FlowTime(o.Flows)
		require.NoError(t, err)
		require.InDelta(t, foretold.Minutes(), took.Minutes(), 1)
	}
	// What is lost from that address is found all the same.
	f, _ := fools.Find("flows/one-in-ten-lost")
	r := looped(t, habits{}, f, conformance.Options{Flows: check.Flows{From: from}}).Report
	require.Equal(t, verdict.NotConformant, r.Verdict)
	require.Contains(t, verdictsOf(r)["analytics/flows/complete/netflow5"], "lost: ")
}

func TestTheTimeOfDayDoesNotMatter(t *testing.T) {
	for second := 0; second < 60; second += 7 {
		c := newCollector(habits{})
		c.now = c.now.Add(time.Duration(second) * time.Second)
		target, o := c.loop(conformance.Options{Flows: check.Flows{Collectors: everyProtocol()[:1]}}, fools.Fool{})
		result, err := conformance.Run(t.Context(), target, o)
		require.NoError(t, err)
		require.Equal(t, verdict.Conformant, result.Report.Verdict, "%s: %s", c.now, result.Report.Reason)
	}
}

func TestADryRunTellsWhatWouldBeSent(t *testing.T) {
	c := newCollector(habits{})
	target, o := c.loop(conformance.Options{}, fools.Fool{})
	began := c.Now()
	drafts, err := conformance.DryRun(t.Context(), target, o)
	require.NoError(t, err)
	require.Empty(t, c.known)
	require.Equal(t, began, c.Now(), "a dry run does not wait")
	missions := map[string]uint64{}
	for i := range drafts {
		x := &drafts[i].Exchange
		if !x.Noted() {
			continue
		}
		sent, err := corpus.ParseSent(x.Request.Body)
		require.NoError(t, err)
		missions[sent.Mission] += sent.Datagrams + sent.Templates
		require.Contains(t, exchange.Curl(*x, ""), "# no request: sent to udp://127.0.0.1:")
	}
	require.Len(t, missions, len(corpus.Missions()))
	require.EqualValues(t, 20, missions[corpus.MissionThin])
}

func TestFlowsGoSlowlyAndInTheMiddleOfMinutes(t *testing.T) {
	var at []time.Time
	c := newCollector(habits{})
	watched := fools.Fool{Way: func(next fools.Way) fools.Way {
		return func(d fools.Datagram) error {
			at = append(at, c.Now())
			return next(d)
		}
	}}
	target, o := c.loop(conformance.Options{}, watched)
	_, err := conformance.Run(t.Context(), target, o)
	require.NoError(t, err)
	require.Greater(t, len(at), 200)
	for i, now := range at {
		require.GreaterOrEqual(t, now.Second(), 5)
		require.Less(t, now.Second(), 50)
		if later := i + 100; later < len(at) {
			require.GreaterOrEqual(t, at[later].Sub(now), 50*time.Millisecond, "2,000 datagrams a second at most")
		}
	}
}

func TestFlowOptionsThatMakeNoSense(t *testing.T) {
	four, six := netip.MustParseAddrPort("10.0.0.1:2055"), netip.MustParseAddrPort("[2001:db8::1]:2055")
	own := netip.MustParseAddr("10.0.0.9")
	for want, f := range map[string]check.Flows{
		"netflow5 has two collectors": {Collectors: []check.Collector{{Protocol: flow.NetFlow5, Addr: four}, {Protocol: flow.NetFlow5, Addr: six}}},
		"is no collector":             {Collectors: []check.Collector{{Protocol: flow.NetFlow5}}},
		"different families":          {Collectors: []check.Collector{{Protocol: flow.NetFlow5, Addr: four}, {Protocol: flow.IPFIX, Addr: six}}},
		"of the other family":         {Collectors: []check.Collector{{Protocol: flow.NetFlow5, Addr: six}}, From: []netip.Addr{own}},
		"there twice":                 {Collectors: []check.Collector{{Protocol: flow.NetFlow5, Addr: four}}, From: []netip.Addr{own, own}},
		"there is no collector":       {From: []netip.Addr{own}},
	} {
		_, err := conformance.Run(t.Context(), conformance.Target{URL: "http://collector.example"}, conformance.Options{Flows: f})
		require.ErrorIs(t, err, conformance.ErrOptions)
		require.ErrorContains(t, err, want)
	}
}

// moving makes a way on which the sources of a port have other addresses.
func moving(port uint16) fools.Fool {
	return fools.Fool{Way: func(next fools.Way) fools.Way {
		return func(d fools.Datagram) error {
			if d.To.Port() == port {
				b := d.From.As4()
				d.From = netip.AddrFrom4([4]byte{b[0], b[1], b[2] + 1, b[3]})
			}
			return next(d)
		}
	}}
}

func TestAnotherAddressIsAFaultOnlyWhereNobodyElseCanHaveChangedIt(t *testing.T) {
	r := looped(t, habits{}, moving(4739), conformance.Options{}).Report
	require.Contains(t, verdictsOf(r)["analytics/flows/source"], "failed expected the rows of 127.1.0.5 (ipfix, flows) have what it sent: n_flows 250; got they stand under 127.1.1.5")

	away := everyProtocol()
	for i := range away {
		away[i].Addr = netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), away[i].Addr.Port())
	}
	from := make([]netip.Addr, 20)
	for i := range from {
		from[i] = netip.AddrFrom4([4]byte{10, 9, 0, byte(i + 1)})
	}
	r = looped(t, habits{}, moving(4739), conformance.Options{Flows: check.Flows{Collectors: away, From: from}}).Report
	require.Contains(t, verdictsOf(r)["analytics/flows/source"], "noted they stand under 10.9.1.5: addresses may be translated on the way to 10.0.0.1:4739")
	require.Empty(t, accused(r))
	require.Equal(t, verdict.Incomplete, r.Verdict, "nothing of IPFIX could be judged")
}

func TestFlowsOverIPv6(t *testing.T) {
	list := everyProtocol()
	for i := range list {
		list[i].Addr = netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), list[i].Addr.Port())
	}
	from := []netip.Addr{netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("2001:db8::8"), netip.MustParseAddr("2001:db8::9")}
	r := looped(t, habits{}, fools.Fool{}, conformance.Options{Flows: check.Flows{Collectors: list, From: from}}).Report
	require.Empty(t, accused(r))
	require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
	require.Equal(t, "ip", r.Dialect["byte-level"])
}

func TestWhatIsLostAndWhatIsMiscountedAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		words    string
		failed   string // a check of the one kind
		innocent string // and the requirement of the other
	}{
		"flows/large-ones-lost":          {"lost: 0 of 290, with 0 of 10 datagrams", "analytics/flows/complete/netflow5", "analytics/flows/bytes/consistent"},
		"flows/one-in-a-hundred-lost":    {"where the network may have lost them", "analytics/flows/complete/netflow9", "analytics/flows/bytes/consistent"},
		"flows/bytes-in-kilobytes":       {"miscounted: 2048 for 20 flows in 20 datagrams", "analytics/flows/bytes/consistent", "analytics/flows/complete"},
		"flows/link-layer-at-times":      {"miscounted: ", "analytics/flows/bytes/consistent", "analytics/flows/complete"},
		"flows/one-source-for-all":       {"in sum nothing is missing", "analytics/flows/source", "analytics/flows/complete"},
		"flows/minutes-swapped":          {"the rest stands in other minutes", "analytics/flows/minute/ipfix", "analytics/flows/complete"},
		"eccentric/flows-late-refused":   {"bucket-clock: none", "analytics/flows/bucket-clock/ipfix", "analytics/flows/complete"},
		"eccentric/flows-bad-is-unknown": {"bad-datagrams: version", "analytics/flows/bad/kinds/ipfix", "analytics/flows/bad/counted"},
	} {
		f, ok := fools.Find(name)
		require.True(t, ok, name)
		r := looped(t, habits{}, f, conformance.Options{}).Report
		require.Contains(t, verdictsOf(r)[c.failed], c.words, name)
		for i := range r.Checks {
			if check := &r.Checks[i]; check.Requirement == c.innocent {
				require.Less(t, check.Verdict, verdict.Warned, "%s: %s: %s", name, check.ID, check.Reason)
			}
		}
	}
}
