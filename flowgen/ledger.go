package flowgen

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Ledger is the truth about what was sent: by source, protocol and second of
// the sender's clock. The zero Ledger is empty and ready. It is safe for
// concurrent use.
type Ledger struct {
	mu   sync.Mutex
	rows map[ledgerKey]flow.Bucket
	sent map[flow.Protocol]flow.Bucket // in all, without peaks
}

type ledgerKey struct {
	source   netip.Addr
	protocol flow.Protocol
	second   int64
}

// TruthRow is one source in one second. Packets are datagrams and Bytes their
// length at the IP level; damaged ones are in both.
type TruthRow struct {
	Source     netip.Addr    `json:"source"`
	Protocol   flow.Protocol `json:"protocol"`
	Second     int64         `json:"second"` // Unix
	Flows      uint64        `json:"flows"`
	Packets    uint64        `json:"packets"`
	Bytes      uint64        `json:"bytes"`
	BadPackets uint64        `json:"bad_packets"`
	BadBytes   uint64        `json:"bad_bytes"`
}

// Bucket is the row as a collector should count it.
func (r TruthRow) Bucket() flow.Bucket {
	return flow.Bucket{
		Flows: r.Flows, Packets: r.Packets, Bytes: r.Bytes, BadPackets: r.BadPackets, BadBytes: r.BadBytes,
	}.Second()
}

// Truth is a ledger as a file: the truth file of `flowgate flows send`.
type Truth struct {
	Seed uint64     `json:"seed"`
	Rows []TruthRow `json:"rows"`
}

// Record adds what was sent; peaks are ignored.
func (l *Ledger) Record(source netip.Addr, p flow.Protocol, unixSecond int64, sent flow.Bucket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows == nil {
		l.rows, l.sent = map[ledgerKey]flow.Bucket{}, map[flow.Protocol]flow.Bucket{}
	}
	sent.PeakFlows, sent.PeakBytes, sent.PeakPackets = 0, 0, 0
	all := l.sent[p]
	all.Add(sent)
	l.sent[p] = all
	key := ledgerKey{source, p, unixSecond}
	row := l.rows[key]
	row.Add(sent)
	l.rows[key] = row
}

// Sent sums everything ever recorded of a protocol, without peaks.
func (l *Ledger) Sent(p flow.Protocol) flow.Bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent[p]
}

// Sum sums everything ever recorded, without peaks.
func (l *Ledger) Sum() flow.Bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum flow.Bucket
	for _, b := range l.sent {
		sum.Add(b)
	}
	return sum
}

// Forget drops the rows of the seconds before one, for a sender that never ends
// and whose truth nobody wants; Sent and Sum keep them.
func (l *Ledger) Forget(before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.rows, func(k ledgerKey, _ flow.Bucket) bool { return k.second < before })
}

// Rows lists what was sent, by second, source and protocol.
func (l *Ledger) Rows() []TruthRow {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := make([]TruthRow, 0, len(l.rows))
	for k, b := range l.rows {
		rows = append(rows, TruthRow{
			Source: k.source, Protocol: k.protocol, Second: k.second,
			Flows: b.Flows, Packets: b.Packets, Bytes: b.Bytes, BadPackets: b.BadPackets, BadBytes: b.BadBytes,
		})
	}
	slices.SortFunc(rows, func(a, b TruthRow) int {
		return cmp.Or(cmp.Compare(a.Second, b.Second), a.Source.Compare(b.Source), cmp.Compare(a.Protocol, b.Protocol))
	})
	return rows
}

// Total sums a source over seconds from..to (to excluded), with the largest
// second as peaks.
func (l *Ledger) Total(source netip.Addr, from, to int64) flow.Bucket {
	perSecond := map[int64]flow.Bucket{}
	for _, r := range l.Rows() {
		if r.Source == source && r.Second >= from && r.Second < to {
			b := perSecond[r.Second]
			b.Add(r.Bucket())
			perSecond[r.Second] = b
		}
	}
	var sum flow.Bucket
	for _, b := range perSecond {
		sum.Add(b.Second())
	}
	return sum
}

// WriteJSON writes the truth file.
func (l *Ledger) WriteJSON(w io.Writer, seed uint64) error {
	text, err := json.MarshalIndent(Truth{Seed: seed, Rows: l.Rows()}, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// ReadTruth reads a truth file.
func ReadTruth(r io.Reader) (Truth, error) {
	var t Truth
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return Truth{}, fmt.Errorf("flowgen: this is no truth file: %w; hint: it is what flows send --truth writes", err)
	}
	return t, nil
}
