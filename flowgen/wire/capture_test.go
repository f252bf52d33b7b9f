package wire_test

import (
	"encoding/binary"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// captured reads the UDP payloads of a pcap file of Ethernet frames.
func captured(t testing.TB, file string) [][]byte {
	t.Helper()
	b, err := os.ReadFile("../../fixtures/packets/" + file)
	require.NoError(t, err)
	require.EqualValues(t, 0xa1b2c3d4, binary.LittleEndian.Uint32(b), "a classic pcap file")
	require.EqualValues(t, 1, binary.LittleEndian.Uint32(b[20:]), "of Ethernet frames")
	var payloads [][]byte
	for b = b[24:]; len(b) > 0; {
		n := binary.LittleEndian.Uint32(b[8:])
		frame := b[16 : 16+n]
		b = b[16+n:]
		require.EqualValues(t, 0x45, frame[14], "IPv4 without options")
		payloads = append(payloads, frame[14+20+8:])
	}
	require.NotEmpty(t, payloads)
	return payloads
}

// What others export is known (see fixtures/packets/README.md) and read whole.
func TestCapturesOfOtherExporters(t *testing.T) {
	for file, c := range map[string]struct {
		version   uint16
		templates int
	}{
		"softflowd-1.pcap": {1, 0}, "softflowd-5.pcap": {5, 0}, "softflowd-9.pcap": {9, 5}, "softflowd-10.pcap": {10, 5},
		"pmacct-9.pcap": {9, 1}, "pmacct-10.pcap": {10, 1},
	} {
		t.Run(file, func(t *testing.T) {
			d := &wire.Decoder{}
			var sum wire.Message
			var records []flow.Record
			for _, payload := range captured(t, file) {
				var m wire.Message
				var err error
				records, m, err = d.Records(router, payload, records)
				require.NoError(t, err)
				require.Equal(t, c.version, m.Version)
				require.Zero(t, m.Unknown)
				sum.Flows, sum.Packets, sum.Octets = sum.Flows+m.Flows, sum.Packets+m.Packets, sum.Octets+m.Octets
				sum.Templates += m.Templates
			}
			require.Equal(t, 40, sum.Flows)
			require.EqualValues(t, 265, sum.Packets)
			require.EqualValues(t, 169043, sum.Octets)
			require.GreaterOrEqual(t, sum.Templates, c.templates)
			seen := map[uint16]bool{}
			for _, r := range records {
				require.EqualValues(t, 17, r.Protocol)
				require.True(t, netip.MustParsePrefix("10.0.0.0/26").Contains(r.Src), r.Src)
				require.True(t, netip.MustParsePrefix("192.0.2.0/29").Contains(r.Dst), r.Dst)
				require.Equal(t, 40000+uint16(r.Src.As4()[3])-1, r.SrcPort)
				require.Contains(t, []uint16{53, 443}, r.DstPort)
				require.False(t, seen[r.SrcPort])
				seen[r.SrcPort] = true
			}
		})
	}
}

// fprobe is the only exporter at hand that speaks version 7.
func TestCaptureOfVersion7(t *testing.T) {
	var records []flow.Record
	var sum wire.Message
	for _, payload := range captured(t, "fprobe-7.pcap") {
		r, m, err := new(wire.Decoder).Records(router, payload, records)
		require.NoError(t, err)
		require.EqualValues(t, 7, m.Version)
		require.Zero(t, m.Protocol, "none that is exported here")
		records, sum.Packets, sum.Octets = r, sum.Packets+m.Packets, sum.Octets+m.Octets
	}
	require.Len(t, records, 10)
	require.EqualValues(t, 100, sum.Packets)
	require.EqualValues(t, 5750, sum.Octets)
	for _, r := range records {
		require.Equal(t, netip.MustParseAddr("127.0.0.1"), r.Src)
		require.EqualValues(t, 10, r.Packets)
		require.True(t, r.DstPort >= 7700 && r.DstPort < 7710)
	}
}
