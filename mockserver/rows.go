package mockserver

import (
	"net/http"
	"strconv"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// rows streams the rows of all queries as one JSON array. Only one piece of it is ever in memory.
func (a *Appliance) rows(c *call, p *pieces, queries []flowstore.Query) error {
	if many(queries) {
		// The deadline for the request's arrival would end a long answer too. It has arrived; a writer that has no
		// deadlines needs none taken back.
		_ = http.NewResponseController(c.w.ResponseWriter).SetReadDeadline(time.Time{})
	}
	ctx := c.r.Context()
	p.buf = append(p.buf, '[')
	first := true
	for _, q := range queries {
		for row, err := range a.store.Rows(ctx, q) {
			if err != nil {
				return err
			}
			if !first {
				p.buf = append(p.buf, ',')
			}
			first = false
			p.buf = appendRow(p.buf, row)
			if err := p.flushed(); err != nil {
				return err
			}
		}
	}
	p.buf = append(p.buf, ']')
	return nil
}

// many reports whether the rows may take long to compute.
func many(queries []flowstore.Query) bool {
	hours := int64(0)
	for _, q := range queries {
		hours += q.Window.To/3600 - q.Window.From/3600
	}
	return hours > 24
}

// appendRow renders one row of DisplayStats (analytics, Response Body): totals are numbers, peaks are strings.
func appendRow(b []byte, r flowstore.Row) []byte {
	b = append(b, `{"time":"`...)
	b = time.Unix(r.Time, 0).UTC().AppendFormat(b, "2006-01-02 15:04:05+00:00")
	b = append(b, `","source_ip":"`...)
	if r.Source.IsValid() {
		b = r.Source.AppendTo(b)
	}
	b = strconv.AppendUint(append(b, `","n_flows":`...), r.Flows, 10)
	b = strconv.AppendUint(append(b, `,"n_bytes":`...), r.Bytes, 10)
	b = strconv.AppendUint(append(b, `,"n_bad_bytes":`...), r.BadBytes, 10)
	b = strconv.AppendUint(append(b, `,"n_packets":`...), r.Packets, 10)
	b = strconv.AppendUint(append(b, `,"n_bad_packets":`...), r.BadPackets, 10)
	b = strconv.AppendUint(append(b, `,"peak_n_flows":"`...), r.PeakFlows, 10)
	b = strconv.AppendUint(append(b, `","peak_n_bytes":"`...), r.PeakBytes, 10)
	b = strconv.AppendUint(append(b, `","peak_n_packets":"`...), r.PeakPackets, 10)
	return append(b, `"}`...)
}
