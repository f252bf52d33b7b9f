package mockserver_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

const sourcesPath = "/api/gateway/1.5/flow_sources"

// flowSource is one source as the vendor's public page names its fields.
type flowSource struct {
	IPAddr       string `json:"ipaddr"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	Versions     string `json:"versions"`
	FlowType     string `json:"flow_type"`
	Received     uint64 `json:"flows_received_last_min"`
	LastMinute   int64  `json:"last_min"`
	LastArrived  int64  `json:"last_min_arrived_timestamp"`
	Minute       uint64 `json:"flows_arrived_last_min"`
	MinutePeak   uint64 `json:"peak_flows_arrived_last_min"`
	Hour         uint64 `json:"flows_arrived_last_hr"`
	HourPeak     uint64 `json:"peak_flows_arrived_last_hr"`
	Day          uint64 `json:"flows_arrived_last_day"`
	DayPeak      uint64 `json:"peak_flows_arrived_last_day"`
	DayPeakBytes uint64 `json:"peak_bytes_arrived_last_day"`
	DayPeakBits  uint64 `json:"peak_bits_arrived_last_day"`
	Violation    string `json:"timeslice_violation"`
}

func flowSources(t testing.TB, a *mockserver.Appliance) []flowSource {
	t.Helper()
	w := ask(t, a, "GET", sourcesPath+".json", "")
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	dec := json.NewDecoder(w.Body)
	dec.DisallowUnknownFields()
	var out []flowSource
	require.NoError(t, dec.Decode(&out))
	return out
}

// TestFlowSourcesOfTheRhythm has numbers that one can reckon in one's head: the clock stands at 22:11:30, so the last
// whole minute is 22:10, an even one.
func TestFlowSourcesOfTheRhythm(t *testing.T) {
	list := flowSources(t, standing(t))
	require.Len(t, list, 3)
	even := moment.Truncate(time.Minute).Add(-time.Minute).Unix()
	const minute = 60 * 61 / 2
	first := flowSource{
		IPAddr: "192.0.2.1", Name: "N/A", Status: "N/A", Versions: "N/A", FlowType: "N/A", Violation: "false", LastMinute: even, LastArrived: even,
		Received: minute, Minute: minute, MinutePeak: 60, Hour: 60 * minute, HourPeak: 60, Day: 1440 * minute, DayPeak: 60, DayPeakBytes: 6000, DayPeakBits: 48000,
	}
	second := first
	second.IPAddr, second.Received, second.Minute, second.MinutePeak = "2001:db8::2", 10*minute, 10*minute, 600
	second.Hour, second.HourPeak, second.Day, second.DayPeak, second.DayPeakBytes, second.DayPeakBits = 300*minute, 600, 7200*minute, 600, 60000, 480000
	third := flowSource{IPAddr: "192.0.2.3", Name: "N/A", Status: "N/A", Versions: "N/A", FlowType: "N/A", Violation: "false", LastMinute: even}
	require.ElementsMatch(t, []flowSource{first, second, third}, list)

	// A minute later the second source has been silent for a minute, and one sees when it was heard last.
	a := standing(t)
	a.Clock().Advance(time.Minute)
	for _, s := range flowSources(t, a) {
		if s.IPAddr == "2001:db8::2" {
			require.Zero(t, s.Received)
			require.Equal(t, even+60, s.LastMinute)
			require.Equal(t, even, s.LastArrived)
		}
	}
}

// TestFlowSourcesAgreeWithImportStats compares each source with the rows of the same minute, hour and day, whose peaks are
// those of seconds in either dialect.
func TestFlowSourcesAgreeWithImportStats(t *testing.T) {
	for name, peaks := range map[string]string{"peaks of seconds": "second", "peaks of minutes": "minute"} {
		t.Run(name, func(t *testing.T) {
			a := standing(t, func(o *mockserver.Options) {
				g, err := flowgen.New(flowgen.Options{Seed: 4, Sources: 9})
				require.NoError(t, err)
				o.Store = flowstore.NewSynthetic(flowstore.FromGenerator(g), moment.AddDate(0, 0, -3))
				o.Dialect = map[dialectKey]string{"peak-interval": peaks}
			})
			list := flowSources(t, a)
			require.Len(t, list, 9)
			kinds := map[string]bool{}
			for _, s := range list {
				kinds[s.FlowType+s.Versions] = true
				end := s.LastMinute + 60
				for _, c := range []struct {
					seconds     int64
					flows, peak uint64
				}{{60, s.Received, s.MinutePeak}, {60, s.Minute, s.MinutePeak}, {3600, s.Hour, s.HourPeak}, {86400, s.Day, s.DayPeak}} {
					var flows, peak uint64
					for _, r := range rowsOf(t, a, fmt.Sprintf(`{"stats_type":"flows_per_minute","start_time":%d,"end_time":%d,"source_ip":%q}`, end-c.seconds, end, s.IPAddr)) {
						n, err := strconv.ParseUint(r.PeakFlows, 10, 64)
						require.NoError(t, err)
						flows, peak = flows+r.Flows, max(peak, n)
					}
					require.Equal(t, flows, c.flows, "%s, last %d s", s.IPAddr, c.seconds)
					require.Equal(t, peak, c.peak, "%s, last %d s", s.IPAddr, c.seconds)
				}
				require.Equal(t, 8*s.DayPeakBytes, s.DayPeakBits)
			}
			require.Greater(t, len(kinds), 1, "what they export is told: %v", kinds)
		})
	}
}

// TestFlowSourcesInXMLAreTheSameInLines: scripts read a line for each source, beginning with flow_type.
func TestFlowSourcesInXMLAreTheSameInLines(t *testing.T) {
	a := standing(t)
	w := ask(t, a, "GET", sourcesPath, "")
	require.Equal(t, "application/xml", w.Header().Get("Content-Type"))
	var tree struct {
		XMLName xml.Name `xml:"flow_sources"`
		Sources []struct {
			Attributes []xml.Attr `xml:",any,attr"`
		} `xml:"flow_source"`
	}
	lines := 0
	for line := range strings.Lines(w.Body.String()) {
		if strings.Contains(line, "<flow_source flow_type=") {
			lines++
		}
	}
	require.NoError(t, xml.Unmarshal(w.Body.Bytes(), &tree))
	var list []map[string]any
	require.NoError(t, json.Unmarshal(ask(t, a, "GET", sourcesPath+".json", "").Body.Bytes(), &list))
	require.Len(t, tree.Sources, len(list))
	require.Equal(t, len(list), lines)
	for i, s := range tree.Sources {
		require.Len(t, s.Attributes, len(list[i]))
		for _, attribute := range s.Attributes {
			want := list[i][attribute.Name.Local]
			if n, number := want.(float64); number {
				want = strconv.FormatInt(int64(n), 10)
			}
			require.Equal(t, want, attribute.Value, attribute.Name.Local)
		}
	}
}

func TestFlowSourcesTellWhatCollectedSourcesExport(t *testing.T) {
	store := flowstore.NewCollected(flowstore.CollectedOptions{})
	now, from := moment.Unix()-70, netip.MustParseAddr("192.0.2.77")
	a := standing(t, func(o *mockserver.Options) { o.Store = store })
	for _, c := range []struct {
		export        flowstore.Export
		kind, version string
	}{
		{flowstore.Export{}, "N/A", "N/A"},
		{flowstore.Export{Protocol: flow.NetFlow5, Version: 7}, "NetFlow", "7"},
		{flowstore.Export{}, "NetFlow", "7"}, // a datagram that cannot be read says nothing
		{flowstore.Export{Protocol: flow.NetFlow9, Version: 9}, "NetFlow", "9"},
		{flowstore.Export{Protocol: flow.IPFIX, Version: 10}, "IPFIX", "10"},
		{flowstore.Export{Protocol: flow.SFlow, Version: 5}, "sFlow", "5"},
	} {
		store.Count([]flowstore.Arrival{{Source: from, Second: now, Export: c.export, Bucket: flow.Bucket{Packets: 1, Flows: 1}}})
		list := flowSources(t, a)
		require.Len(t, list, 1)
		require.Equal(t, []string{c.kind, c.version}, []string{list[0].FlowType, list[0].Versions})
	}
	require.Equal(t, uint64(6), flowSources(t, a)[0].Received)
}
