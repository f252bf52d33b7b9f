package ingest_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// v5 is a NetFlow v5 datagram of one record whose header tells a time.
func v5(unix int64) []byte {
	b := make([]byte, 24+48)
	binary.BigEndian.PutUint16(b, 5)
	binary.BigEndian.PutUint16(b[2:], 1)
	binary.BigEndian.PutUint32(b[8:], uint32(unix))
	return b
}

// old is a NetFlow v1 (or v7) datagram of one record, sent now.
func old(version uint16) []byte {
	length := map[uint16]int{1: 16 + 52, 7: 24 + 52}[version]
	b := make([]byte, length)
	binary.BigEndian.PutUint16(b, version)
	binary.BigEndian.PutUint16(b[2:], 1)
	binary.BigEndian.PutUint32(b[8:], uint32(noon.Unix()))
	return b
}

// sets is a NetFlow v9 datagram with one set: template 300 of one field, or a record of it.
func sets(body ...uint16) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, 9)
	binary.BigEndian.PutUint16(b[2:], 1)
	binary.BigEndian.PutUint32(b[8:], uint32(noon.Unix()))
	for _, w := range body {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}

func template() []byte { return sets(0, 12, 300, 1, 8, 4) }
func record() []byte   { return sets(300, 8, 0x0a00, 1) }

// ask sends payloads to a collector that follows a dialect and returns what was counted in the hours around noon.
func ask(t *testing.T, protocol string, d dialect.Dialect, payloads ...[]byte) (earlier, atNoon flow.Bucket) {
	t.Helper()
	store := flowstore.NewCollected(flowstore.CollectedOptions{})
	c := listen(t, protocol, "127.0.0.1:0", store)
	c.Follow(ingest.RulesOf(d))
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(c.Addr()))
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // of a test
	for _, p := range payloads {
		_, err := conn.Write(p)
		require.NoError(t, err)
	}
	arrived(t, c, uint64(len(payloads)))
	require.NoError(t, c.Close())
	from := noon.Unix() - 30 - 2*3600
	q := flowstore.Query{Source: netip.MustParseAddr("127.0.0.1"), Interval: flowstore.Hour, Window: flowstore.Window{From: from, To: from + 3*3600}, Now: from + 3*3600}
	for row, err := range store.Rows(t.Context(), q) {
		require.NoError(t, err)
		b := row.Bucket
		b.PeakFlows, b.PeakBytes, b.PeakPackets = 0, 0, 0
		if row.Time == from {
			earlier = b
		} else {
			atNoon = b
		}
	}
	return earlier, atNoon
}

func TestAnswersOfTheDialect(t *testing.T) {
	none := flow.Bucket{}
	late := v5(noon.Unix() - 2*3600)
	one := flow.Bucket{Flows: 1, Packets: 1, Bytes: 72 + 28}
	for _, c := range []struct {
		question         dialect.Key
		protocol, answer string
		payloads         [][]byte
		earlier, atNoon  flow.Bucket
	}{
		{"bucket-clock", "netflow", "arrival", [][]byte{late}, none, one},
		{"bucket-clock", "netflow", "header", [][]byte{late}, one, none},
		{"bucket-clock", "netflow", "none", [][]byte{late, v5(noon.Unix() - 60)}, none, one},
		{"byte-level", "netflow", "ip", [][]byte{late}, none, one},
		{"byte-level", "netflow", "payload", [][]byte{late}, none, flow.Bucket{Flows: 1, Packets: 1, Bytes: 72}},
		{"byte-level", "netflow", "udp", [][]byte{late}, none, flow.Bucket{Flows: 1, Packets: 1, Bytes: 72 + 8}},
		{"byte-level", "netflow", "ethernet", [][]byte{late}, none, flow.Bucket{Flows: 1, Packets: 1, Bytes: 72 + 42}},
		{"byte-level", "netflow", "frame", [][]byte{late}, none, flow.Bucket{Flows: 1, Packets: 1, Bytes: 72 + 46}},
		{"template-datagrams", "netflow", "packet", [][]byte{template(), record()}, none, flow.Bucket{Flows: 1, Packets: 2, Bytes: 32 + 28 + 28 + 28}},
		{
			"template-datagrams", "netflow", "ignored", [][]byte{template(), record()}, none, flow.Bucket{Flows: 1, Packets: 1, Bytes: 28 + 28},
		},
		{
			"template-datagrams", "netflow", "bad",
			[][]byte{template(), record()},
			none,
			flow.Bucket{Flows: 1, Packets: 2, Bytes: 32 + 28 + 28 + 28, BadPackets: 1, BadBytes: 32 + 28},
		},
		{"unknown-template", "netflow", "bad", [][]byte{record()}, none, flow.Bucket{Packets: 1, Bytes: 56, BadPackets: 1, BadBytes: 56}},
		{"unknown-template", "netflow", "packet", [][]byte{record()}, none, flow.Bucket{Packets: 1, Bytes: 56}},
		{"unknown-template", "netflow", "ignored", [][]byte{record()}, none, none},
		{"old-versions", "netflow5", "both", [][]byte{old(1), old(7)}, none, flow.Bucket{Flows: 2, Packets: 2, Bytes: 68 + 76 + 56}},
		{"old-versions", "netflow5", "one", [][]byte{old(1), old(7)}, none, flow.Bucket{Flows: 1, Packets: 2, Bytes: 68 + 76 + 56, BadPackets: 1, BadBytes: 76 + 28}},
		{"old-versions", "netflow5", "seven", [][]byte{old(1), old(7)}, none, flow.Bucket{Flows: 1, Packets: 2, Bytes: 68 + 76 + 56, BadPackets: 1, BadBytes: 68 + 28}},
		{"old-versions", "netflow5", "none", [][]byte{old(1), old(7)}, none, flow.Bucket{Packets: 2, Bytes: 68 + 76 + 56, BadPackets: 2, BadBytes: 68 + 76 + 56}},
	} {
		t.Run(string(c.question)+"="+c.answer, func(t *testing.T) {
			d := dialect.Dialect{}
			require.NoError(t, d.Set(c.question, c.answer))
			earlier, atNoon := ask(t, c.protocol, d, c.payloads...)
			require.Equal(t, c.earlier, earlier)
			require.Equal(t, c.atNoon, atNoon)
		})
	}
}
