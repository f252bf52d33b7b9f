package fools_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// exports are what some devices send: flows of every protocol, large and small, late ones, templates, counters, old
// versions, flows without a template, and what nobody can read.
func exports(t *testing.T) []fools.Datagram {
	t.Helper()
	const at, hour = 1_763_800_000_000, 3_600_000
	var out []fools.Datagram
	to := netip.MustParseAddrPort("127.0.0.1:2055")
	for i, p := range flow.Protocols() {
		from := netip.AddrFrom4([4]byte{127, 1, 0, byte(i + 2)})
		e := wire.Encoder{Layout: wire.Layout{Protocol: p}, Agent: from, Boot: at - 9*hour}
		send := func(payload []byte) { out = append(out, fools.Datagram{From: from, To: to, Payload: payload}) }
		data := func(n int, when int64) {
			records := make([]flow.Record, n)
			for k := range records {
				records[k] = flow.Record{Src: from, Dst: from, NextHop: from, Packets: 1, Octets: 64, Start: when, End: when}
			}
			payload, err := e.AppendData(nil, when, records)
			require.NoError(t, err)
			send(payload)
		}
		data(1, at) // without a template, where the protocol has them
		if p != flow.NetFlow5 {
			send(e.AppendHousekeeping(nil, at))
		}
		for n := range 30 {
			data(1+n%e.Layout.Cap(false), at)
		}
		data(e.Layout.Cap(false), at)
		data(2, at-2*hour)
		for _, d := range []wire.Defect{wire.CutShort, wire.WrongVersion, wire.Stump} {
			send(e.AppendBad(nil, at, d))
		}
	}
	one := append([]byte{0, 1, 0, 1}, make([]byte, 12+52)...) // NetFlow v1, one record
	return append(out, fools.Datagram{From: netip.MustParseAddr("127.1.0.9"), To: to, Payload: one})
}

// delivered is what comes out of a way.
func delivered(t *testing.T, way func(fools.Way) fools.Way) []fools.Datagram {
	t.Helper()
	var out []fools.Datagram
	w := way(func(d fools.Datagram) error {
		d.Payload = slices.Clone(d.Payload)
		out = append(out, d)
		return nil
	})
	for _, d := range exports(t) {
		require.NoError(t, w(d))
	}
	return out
}

func TestWaysChangeWhatArrivesAndShareNothing(t *testing.T) {
	tried := 0
	for _, f := range fools.All() {
		if f.Way == nil {
			continue
		}
		tried++
		first := delivered(t, f.Way)
		require.NotEqual(t, exports(t), first, "%s changes nothing", f.Name)
		require.NotEmpty(t, first, f.Name)
		require.Equal(t, first, delivered(t, f.Way), "%s remembers another device", f.Name)
	}
	require.Greater(t, tried, 10)
}

func TestAWayTellsThatADatagramWasNotDelivered(t *testing.T) {
	for _, f := range fools.All() {
		if f.Way == nil {
			continue
		}
		failed := 0
		w := f.Way(func(fools.Datagram) error { return errors.New("no way") })
		for _, d := range exports(t) {
			if w(d) != nil {
				failed++
			}
		}
		require.NotZero(t, failed, f.Name)
	}
}
