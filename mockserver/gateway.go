package mockserver

import (
	"context"
	"encoding/xml"
	"net/netip"
	"strconv"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// flowSource is one line of GET flow_sources (gateway 1.5). In XML each is an element with attributes in this order,
// flow_type first, as scripts that read lines expect.
type flowSource struct {
	XMLName      xml.Name `json:"-" xml:"flow_source"`
	Type         string   `json:"flow_type" xml:"flow_type,attr"`
	DayFlows     uint64   `json:"flows_arrived_last_day" xml:"flows_arrived_last_day,attr"`
	HourFlows    uint64   `json:"flows_arrived_last_hr" xml:"flows_arrived_last_hr,attr"`
	MinuteFlows  uint64   `json:"flows_arrived_last_min" xml:"flows_arrived_last_min,attr"`
	Received     uint64   `json:"flows_received_last_min" xml:"flows_received_last_min,attr"`
	Addr         string   `json:"ipaddr" xml:"ipaddr,attr"`
	LastMinute   int64    `json:"last_min" xml:"last_min,attr"`
	LastArrived  int64    `json:"last_min_arrived_timestamp" xml:"last_min_arrived_timestamp,attr"`
	Name         string   `json:"name" xml:"name,attr"`
	DayPeakBits  uint64   `json:"peak_bits_arrived_last_day" xml:"peak_bits_arrived_last_day,attr"`
	DayPeakBytes uint64   `json:"peak_bytes_arrived_last_day" xml:"peak_bytes_arrived_last_day,attr"`
	DayPeak      uint64   `json:"peak_flows_arrived_last_day" xml:"peak_flows_arrived_last_day,attr"`
	HourPeak     uint64   `json:"peak_flows_arrived_last_hr" xml:"peak_flows_arrived_last_hr,attr"`
	MinutePeak   uint64   `json:"peak_flows_arrived_last_min" xml:"peak_flows_arrived_last_min,attr"`
	Status       string   `json:"status" xml:"status,attr"`
	Violation    string   `json:"timeslice_violation" xml:"timeslice_violation,attr"`
	Versions     string   `json:"versions" xml:"versions,attr"`
}

// unknown is what the API says where it has nothing to say.
const unknown = "N/A"

// spoken is what flow_sources calls what a source exports.
func spoken(e flowstore.Export) (kind, version string) {
	switch e.Protocol {
	case flow.NetFlow5, flow.NetFlow9:
		kind = "NetFlow"
	case flow.IPFIX:
		kind = "IPFIX"
	case flow.SFlow:
		kind = "sFlow"
	default:
		return unknown, unknown
	}
	return kind, strconv.Itoa(int(e.Version))
}

// flowSources answers GET flow_sources (gateway 1.5) from the store that import_stats is answered from.
func (a *Appliance) flowSources(c *call) (answer, error) {
	end := flowstore.Minute.Floor(c.now.Unix())
	speaker, _ := a.store.(flowstore.Speaker)
	out := list[flowSource]{root: xml.Name{Local: "flow_sources"}, items: []flowSource{}}
	for _, source := range a.store.Sources() {
		s, err := tally{a.store, source, end, c.now.Unix()}.flowSource(c.r.Context())
		if err != nil {
			return answer{}, err
		}
		s.Type, s.Versions = unknown, unknown
		if speaker != nil {
			s.Type, s.Versions = spoken(speaker.Export(source))
		}
		out.items = append(out.items, s)
	}
	return c.say(out)
}

// tally adds up what came from one source until end, the end of the latest minute that is over.
type tally struct {
	store    flowstore.Store
	source   netip.Addr
	end, now int64
}

func (t tally) flowSource(ctx context.Context) (flowSource, error) {
	hour, lastArrived, err := t.sum(ctx, flowstore.Minute, t.end-int64(flowstore.Hour), t.end)
	if err != nil {
		return flowSource{}, err
	}
	minute, _, err := t.sum(ctx, flowstore.Minute, t.end-int64(flowstore.Minute), t.end)
	if err != nil {
		return flowSource{}, err
	}
	day, earlier, err := t.day(ctx)
	if err != nil {
		return flowSource{}, err
	}
	if lastArrived == 0 && earlier != 0 {
		_, lastArrived, err = t.sum(ctx, flowstore.Minute, earlier, min(earlier+int64(flowstore.Hour), t.end))
	}
	return flowSource{
		Addr: t.source.String(), Name: unknown, Status: unknown, Violation: "false",
		LastMinute: t.end - int64(flowstore.Minute), LastArrived: lastArrived,
		Received: minute.Flows, MinuteFlows: minute.Flows, MinutePeak: minute.PeakFlows,
		HourFlows: hour.Flows, HourPeak: hour.PeakFlows,
		DayFlows: day.Flows, DayPeak: day.PeakFlows, DayPeakBytes: day.PeakBytes, DayPeakBits: 8 * day.PeakBytes,
	}, err
}

// day is the 24 hours until end: whole hours, and single minutes at both of its edges. Latest is the begin of the latest
// interval with anything in it.
func (t tally) day(ctx context.Context) (total flow.Bucket, latest int64, err error) {
	begin := t.end - 24*int64(flowstore.Hour)
	first, last := flowstore.Hour.Ceil(begin), flowstore.Hour.Floor(t.end)
	for _, part := range [...]struct {
		of       flowstore.Granularity
		from, to int64
	}{{flowstore.Minute, begin, first}, {flowstore.Hour, first, last}, {flowstore.Minute, last, t.end}} {
		b, at, err := t.sum(ctx, part.of, part.from, part.to)
		if err != nil {
			return total, latest, err
		}
		total.Add(b)
		latest = max(latest, at)
	}
	return total, latest, nil
}

// sum adds the rows of a window up. Latest is the begin of the last of them.
func (t tally) sum(ctx context.Context, of flowstore.Granularity, from, to int64) (total flow.Bucket, latest int64, err error) {
	q := flowstore.Query{Source: t.source, Interval: of, Window: flowstore.Window{From: from, To: to}, Now: t.now}
	for row, err := range t.store.Rows(ctx, q) {
		if err != nil {
			return total, latest, err
		}
		total.Add(row.Bucket)
		latest = max(latest, row.Time)
	}
	return total, latest, nil
}
