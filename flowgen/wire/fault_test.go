package wire_test

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// octets reads hex with spaces.
func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	require.NoError(t, err)
	return b
}

const (
	ipfixHead = "000a LLLL 65000000 00000000 00000001"
	v9Head    = "0009 0001 00001000 65000000 00000000 00000001"
	sflowHead = "00000005 00000001 0a000001 00000000 00000001 00001000"
)

// message fills in the length of an IPFIX message.
func message(t testing.TB, text string) []byte {
	t.Helper()
	b := octets(t, strings.Replace(text, "LLLL", "0000", 1))
	if len(b) > 1 && b[1] == 10 {
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	}
	return b
}

// Each of these kills or misleads some collector. The first two are among
// those that exhaust the memory of a well-known one.
func TestInconsistentDatagramsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		fault   wire.Fault
	}{
		"IPFIX template of no fields, with data": {ipfixHead + "0002 0008 0100 0000 0100 0008 01020304", wire.ErrTemplate},
		"sFlow with 2^32-1 records":              {sflowHead + "00000001 00000003 00000030" + strings.Repeat("00000001", 11) + "ffffffff", wire.ErrSample},
		"sFlow with 2^32-1 samples":              {sflowHead + "ffffffff", wire.ErrShort},
		"sFlow sample longer than the datagram":  {sflowHead + "00000001 00000001 fffffff0 00000000", wire.ErrShort},
		"sFlow record longer than its sample":    {sflowHead + "00000001 00000001 00000028" + strings.Repeat("00000001", 8) + "00000001 ffffffff", wire.ErrSample},
		"sFlow header longer than its frame":     {sflowHead + "00000001 00000001 00000040" + strings.Repeat("00000001", 8) + "00000001 00000018 00000001 00000002 00000000 00000008 0000000000000000", wire.ErrSample},
		"sFlow with bytes left over":             {sflowHead + "00000000 00", wire.ErrLength},
		"sFlow of an unknown agent family":       {"00000005 00000003 0a000001 00000000 00000000 00000000 00000000", wire.ErrSample},
		"sFlow version 4":                        {"00000004 00000001 0a000001 00000000 00000000 00000000 00000000", wire.ErrVersion},
		"template of zero bytes":                 {ipfixHead + "0002 000c 0100 0001 0001 0000", wire.ErrTemplate},
		"template below 256":                     {ipfixHead + "0002 000c 00ff 0001 0001 0004", wire.ErrTemplate},
		"template cut short":                     {ipfixHead + "0002 000c 0100 0002 0001 0004", wire.ErrShort},
		"template of 65535 fields":               {ipfixHead + "0002 000c 0100 ffff 0001 0004", wire.ErrLimit},
		"enterprise number cut off":              {ipfixHead + "0002 000c 0100 0001 8001 0004", wire.ErrShort},
		"options without scope":                  {ipfixHead + "0003 000e 0100 0001 0000 0001 0004", wire.ErrTemplate},
		"options with more scopes than fields":   {ipfixHead + "0003 000e 0100 0001 0002 0001 0004", wire.ErrTemplate},
		"template set with dirty padding":        {ipfixHead + "0002 000f 0100 0001 0001 0004 000001", wire.ErrLength},
		"v9 options of odd length":               {v9Head + "0001 0012 0100 0003 0004 0001 0004 0001 0004", wire.ErrTemplate},
		"set of no length":                       {ipfixHead + "0100 0000", wire.ErrSet},
		"set without records":                    {ipfixHead + "0100 0004", wire.ErrSet},
		"set longer than the message":            {ipfixHead + "0100 0040 00000000", wire.ErrShort},
		"set with a reserved number":             {ipfixHead + "00c8 0008 00000000", wire.ErrSet},
		"v9 set with an IPFIX number":            {v9Head + "0002 000c 0100 0001 0001 0004", wire.ErrSet},
		"half a set header":                      {ipfixHead + "0100", wire.ErrShort},
		"data shorter than a record":             {ipfixHead + "0002 000c 0100 0001 0001 0004 0100 0007 000000", wire.ErrShort},
		"variable field beyond its set":          {ipfixHead + "0002 000c 0100 0001 0052 ffff 0100 0006 0500", wire.ErrShort},
		"long variable field beyond its set":     {ipfixHead + "0002 000c 0100 0001 0052 ffff 0100 0007 ff00ff", wire.ErrShort},
		"v5 without records":                     {"0005 0000" + strings.Repeat("00", 20), wire.ErrCount},
		"v5 with 65535 records":                  {"0005 ffff" + strings.Repeat("00", 20), wire.ErrCount},
		"v5 of half a record":                    {"0005 0001" + strings.Repeat("00", 20+24), wire.ErrShort},
		"v5 with a record too many":              {"0005 0001" + strings.Repeat("00", 20+96), wire.ErrLength},
		"v1 with 31 records":                     {"0001 001f" + strings.Repeat("00", 12+31*52), wire.ErrCount},
		"v7 header only":                         {"0007 0001 0000", wire.ErrShort},
		"version 8":                              {"0008 0001 0000", wire.ErrVersion},
		"nothing":                                {"", wire.ErrShort},
		"three bytes":                            {"000500", wire.ErrShort},
	} {
		t.Run(name, func(t *testing.T) {
			d := &wire.Decoder{}
			m, err := d.Decode(router, message(t, c.payload))
			require.ErrorIs(t, err, c.fault)
			require.Zero(t, m.Flows, "a refused datagram counts nothing")
			records, _, err := d.Records(router, message(t, c.payload), nil)
			require.ErrorIs(t, err, c.fault)
			require.Empty(t, records)
		})
	}
	for _, length := range []string{"0008", "0060"} { // claims less or more than it is
		_, err := new(wire.Decoder).Decode(router, octets(t, strings.Replace(ipfixHead, "LLLL", length, 1)))
		require.Error(t, err)
	}
}

func TestACutDatagramIsRefusedWherever(t *testing.T) {
	for _, p := range flow.Protocols() {
		e, d := newEncoder(p, false), &wire.Decoder{}
		if keep := e.AppendHousekeeping(nil, now); len(keep) > 0 {
			for n := range keep {
				if _, err := new(wire.Decoder).Decode(router, keep[:n]); p == flow.NetFlow9 {
					continue // a v9 header knows no length: a cut between sets cannot be seen
				} else {
					require.Error(t, err, "%s housekeeping of %d bytes", p, n)
				}
			}
			_, err := d.Decode(router, keep)
			require.NoError(t, err)
		}
		payload, err := e.AppendData(nil, now, make([]flow.Record, 5))
		require.NoError(t, err)
		for n := range payload {
			m, err := d.Decode(router, payload[:n])
			if p == flow.NetFlow9 && err == nil {
				require.Equal(t, wire.Layout{Protocol: p}.Fixed()-28-4, n, "only the bare header passes")
				require.Zero(t, m.Flows)
				continue
			}
			require.Error(t, err, "%s cut to %d bytes", p, n)
		}
	}
}

func TestFieldsOfAnyLengthAndEnterprise(t *testing.T) {
	d := &wire.Decoder{}
	// octets in 3 bytes, a variable string, packets in 1, PEN 9 element 1 (not
	// octets), source address, a reduced source port
	template := ipfixHead + "0002 0024 0100 0006 0001 0003 0052 ffff 0002 0001 8001 0004 00000009 0008 0004 0007 0001"
	m, err := d.Decode(router, message(t, template))
	require.NoError(t, err)
	require.Equal(t, 1, m.Templates)
	long := strings.Repeat("61", 300)
	data := ipfixHead + "0100 LEN0" +
		"010203 03 616263 07 ffffffff 0a000001 35" +
		"000009 ff 012c" + long + "01 00000000 0a000002 50" +
		"00" // padding
	data = strings.Replace(data, "LEN0", "0152", 1)
	records, m, err := d.Records(router, message(t, data), nil)
	require.NoError(t, err)
	require.Equal(t, 2, m.Flows)
	require.EqualValues(t, 0x010203+9, m.Octets)
	require.EqualValues(t, 8, m.Packets)
	require.Equal(t, flow.Record{Octets: 0x010203, Packets: 7, Src: netip.MustParseAddr("10.0.0.1"), SrcPort: 53}, records[0])
	require.Equal(t, netip.MustParseAddr("10.0.0.2"), records[1].Src)
}

func TestTemplatesBelongToSourceVersionDomainAndNumber(t *testing.T) {
	template := message(t, ipfixHead+"0002 000c 0100 0001 0001 0004")
	data := message(t, ipfixHead+"0100 0008 00000005")
	d := &wire.Decoder{}
	m, err := d.Decode(router, data)
	require.NoError(t, err)
	require.Equal(t, 1, m.Unknown, "no template yet")
	require.Zero(t, m.Flows)
	_, err = d.Decode(router, template)
	require.NoError(t, err)
	m, err = d.Decode(router, data)
	require.NoError(t, err)
	require.Equal(t, 1, m.Flows)
	m, err = d.Decode(netip.MustParseAddr("10.9.9.9"), data)
	require.NoError(t, err)
	require.Equal(t, 1, m.Unknown, "another source")
	data[15] = 2
	m, err = d.Decode(router, data)
	require.NoError(t, err)
	require.Equal(t, 1, m.Unknown, "another domain")
	m, err = d.Decode(router, message(t, v9Head+"0100 0008 00000005"))
	require.NoError(t, err)
	require.Equal(t, 1, m.Unknown, "another version")
}

func TestATemplateTakesThePlaceOfTheOneBefore(t *testing.T) {
	d := &wire.Decoder{}
	data := message(t, ipfixHead+"0100 000c 00000005 00000006")
	for _, c := range []struct {
		template string
		flows    int
	}{{"0001 0001 0004", 2}, {"0001 0001 0008", 1}, {"0001 0001 0002", 4}} {
		_, err := d.Decode(router, message(t, ipfixHead+"0002 000c 0100"+c.template))
		require.NoError(t, err)
		m, err := d.Decode(router, data)
		require.NoError(t, err)
		require.Equal(t, c.flows, m.Flows)
	}
	// a refused datagram leaves nothing behind
	_, err := d.Decode(router, message(t, ipfixHead+"0002 000c 0100 0001 0001 0004 0100 0004"))
	require.Error(t, err)
	m, err := d.Decode(router, data)
	require.NoError(t, err)
	require.Equal(t, 4, m.Flows)
}

func TestTheStoreStaysWithinItsLimits(t *testing.T) {
	template := func(id, domain byte) []byte {
		b := message(t, ipfixHead+"0002 000c 0100 0001 0001 0004")
		b[15], b[21] = domain, id
		return b
	}
	d := &wire.Decoder{Limits: wire.Limits{Domains: 3, DomainsPerSource: 2, Templates: 2}}
	for _, id := range []byte{0, 1, 1, 0} {
		_, err := d.Decode(router, template(id, 1))
		require.NoError(t, err)
	}
	_, err := d.Decode(router, template(2, 1))
	require.ErrorIs(t, err, wire.ErrLimit, "a third template")
	_, err = d.Decode(router, template(0, 2))
	require.NoError(t, err)
	_, err = d.Decode(router, template(0, 3))
	require.ErrorIs(t, err, wire.ErrLimit, "a third domain")

	other, third := netip.MustParseAddr("10.0.0.8"), netip.MustParseAddr("10.0.0.9")
	data := message(t, ipfixHead+"0100 0008 00000005")
	for _, from := range []netip.Addr{other, router, third} { // router's domain 1 is in use, its domain 2 is not
		_, err := d.Decode(from, template(0, 1))
		require.NoError(t, err)
	}
	for _, from := range []netip.Addr{other, router, third} {
		m, err := d.Decode(from, data)
		require.NoError(t, err)
		require.Equal(t, 1, m.Flows, "%s has lost its template", from)
	}
	_, err = d.Decode(router, template(0, 2))
	require.NoError(t, err, "domain 2 made room, so that its source may have another")
}

func TestUnknownSamplesAreSkippedAndExpandedOnesRead(t *testing.T) {
	expanded := "00000003 00000054" + // length 84
		"00000001 00000000 00000001 00000064 00000000 00000000 00000000 0000000a 00000000 0000000b" +
		"00000001" + // one record: IPv4 packet data
		"00000003 00000020 00000578 00000006 0a000001 0a000002 00000050 0000c000 00000012 00000008"
	payload := octets(t, sflowHead+"00000003 00abc001 00000004 01020304"+expanded+
		"00000004 00000010 00000001 00000000 00000001 00000000")
	records, m, err := new(wire.Decoder).Records(router, payload, nil)
	require.NoError(t, err)
	require.Equal(t, 1, m.Flows)
	require.Equal(t, 1, m.Unknown)
	require.Equal(t, 1, m.Counters)
	require.Equal(t, flow.Record{
		Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Packets: 1, Octets: 1400, Sampling: 100,
		Input: 10, Output: 11, SrcPort: 80, DstPort: 49152, Protocol: 6, TOS: 8, TCPFlags: 0x12,
	}, records[0])
}
