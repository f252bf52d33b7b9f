package mockserver

import (
	"strconv"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// rows streams the rows of all queries as one JSON array. Only one piece of it is ever in memory.
func (a *Appliance) rows(c *call, p *pieces, queries []flowstore.Query) error {
	ctx := c.r.Context()
	p.buf = append(p.buf, '[')
	first := true
	var times rowTimes
	for _, q := range queries {
		for row, err := range a.store.Rows(ctx, q) {
			if err != nil {
				return err
			}
			if !first {
				p.buf = append(p.buf, ',')
			}
			first = false
			p.buf = times.appendRow(p.buf, &row)
			if err := p.flushed(); err != nil {
				return err
			}
		}
	}
	p.buf = append(p.buf, ']')
	return nil
}

// rowTimes renders times of rows, such as 2024-01-08 22:11:00+00:00, for the years 0 to 9999. It remembers the day of
// the last one, since a calendar is dear and rows mostly stay in one day. The zero value is ready.
type rowTimes struct {
	day   int64    // Unix
	date  [11]byte // with the space behind it
	known bool
}

const daySeconds = 24 * 3600

func (t *rowTimes) append(b []byte, unix int64) []byte {
	second := unix % daySeconds
	if second < 0 {
		second += daySeconds
	}
	if day := (unix - second) / daySeconds; day != t.day || !t.known {
		year, month, of := time.Unix(unix, 0).UTC().Date()
		date := two(two(t.date[:0], year/100), year%100)
		date = two(append(date, '-'), int(month))
		_ = append(two(append(date, '-'), of), ' ') // it is as long as its room
		t.day, t.known = day, true
	}
	n := int(second)
	b = append(b, t.date[:]...)
	b = append(b, byte('0'+n/36000), byte('0'+n/3600%10), ':', byte('0'+n/600%6), byte('0'+n/60%10), ':', byte('0'+n%60/10), byte('0'+n%10))
	return append(b, "+00:00"...)
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// appendRow renders one row of DisplayStats (analytics, Response Body): totals are numbers, peaks are strings.
func (t *rowTimes) appendRow(b []byte, r *flowstore.Row) []byte {
	b = t.append(append(b, `{"time":"`...), r.Time)
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
