package main

import (
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// sentTraffic is a truth file as traffic that a flowstore.Store can count.
type sentTraffic struct {
	addrs                   []netip.Addr
	seconds, minutes, hours []map[int64]flow.Bucket // by source
	begin, end              time.Time
}

func readTruth(path string) (*sentTraffic, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, wrong("", "--truth: %w", err)
	}
	defer file.Close()
	truth, err := flowgen.ReadTruth(file)
	if err != nil {
		return nil, wrong("", "--truth %s: %w", path, err)
	}
	t := &sentTraffic{}
	for _, r := range truth.Rows {
		t.add(r)
	}
	t.roll()
	return t, nil
}

// add takes a row in; a source may have sent several protocols in the same second.
func (t *sentTraffic) add(r flowgen.TruthRow) {
	i := slices.Index(t.addrs, r.Source)
	if i < 0 {
		i = len(t.addrs)
		t.addrs = append(t.addrs, r.Source)
		t.seconds = append(t.seconds, map[int64]flow.Bucket{})
	}
	at := time.Unix(r.Second, 0)
	if t.begin.IsZero() || at.Before(t.begin) {
		t.begin = at
	}
	if after := at.Add(time.Second); after.After(t.end) {
		t.end = after
	}
	sum := t.seconds[i][r.Second]
	sum.Add(r.Bucket())
	t.seconds[i][r.Second] = sum.Second()
}

// roll adds the seconds up to minutes and hours.
func (t *sentTraffic) roll() {
	for _, seconds := range t.seconds {
		minutes, hours := map[int64]flow.Bucket{}, map[int64]flow.Bucket{}
		for second, b := range seconds {
			m, h := minutes[second/60], hours[second/3600]
			m.Add(b)
			h.Add(b)
			minutes[second/60], hours[second/3600] = m, h
		}
		t.minutes, t.hours = append(t.minutes, minutes), append(t.hours, hours)
	}
}

// Addresses implements flowstore.Source.
func (t *sentTraffic) Addresses() []netip.Addr { return t.addrs }

// Second implements flowstore.Source.
func (t *sentTraffic) Second(source int, unixSecond int64) flow.Bucket {
	return t.seconds[source][unixSecond]
}

// Minute implements flowstore.Source.
func (t *sentTraffic) Minute(source int, unixMinute int64) flow.Bucket {
	return t.minutes[source][unixMinute]
}

// Hour implements flowstore.Source.
func (t *sentTraffic) Hour(source int, unixHour int64) flow.Bucket { return t.hours[source][unixHour] }
