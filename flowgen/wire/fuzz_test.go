package wire_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// fuzz gives a decoder that knows the templates of this package any datagram.
// It must not panic, and what it says must be possible: no more records than
// bytes, the same answer from both methods, nothing at all when refused.
func fuzz(f *testing.F, versions ...uint16) {
	for _, p := range flow.Protocols() {
		e := newEncoder(p, false)
		payload, err := e.AppendData(nil, now, someRecords(2, p, false))
		require.NoError(f, err)
		f.Add(payload)
		f.Add(e.AppendHousekeeping(nil, now))
		f.Add(e.AppendBad(nil, now, wire.CutShort))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, version := range versions {
			if len(payload) > 3 && version != 0 {
				payload[0], payload[1] = 0, byte(version)
			}
			check(t, payload)
		}
	})
}

func check(t *testing.T, payload []byte) {
	d := &wire.Decoder{}
	for _, p := range []flow.Protocol{flow.NetFlow9, flow.IPFIX} {
		if _, err := d.Decode(router, newEncoder(p, false).AppendHousekeeping(nil, now)); err != nil {
			t.Fatal(err)
		}
	}
	// both with the same memory: the second answer may know templates of the first
	first, err1 := d.Decode(router, payload)
	again, err2 := d.Decode(router, payload)
	records, third, err3 := d.Records(router, payload, nil)
	if (err1 == nil) != (err2 == nil) || (err2 == nil) != (err3 == nil) || again != third || len(records) != third.Flows {
		t.Fatalf("%+v %v\n%+v %v\n%+v %v, %d records", first, err1, again, err2, third, err3, len(records))
	}
	if err1 != nil && (first.Flows != 0 || len(records) != 0) || first.Flows > len(payload) {
		t.Fatalf("%d flows of %d bytes, %v", first.Flows, len(payload), err1)
	}
	if _, err := d.Decode(netip.Addr{}, payload); err != nil && err1 == nil && payload[1] != 9 && payload[1] != 10 {
		t.Fatalf("another source changes the answer: %v", err)
	}
}

func FuzzNetFlow1(f *testing.F) { fuzz(f, 1) }
func FuzzNetFlow5(f *testing.F) { fuzz(f, 5) }
func FuzzNetFlow7(f *testing.F) { fuzz(f, 7) }
func FuzzNetFlow9(f *testing.F) { fuzz(f, 9) }
func FuzzIPFIX(f *testing.F)    { fuzz(f, 10) }
func FuzzSFlow(f *testing.F)    { fuzz(f, 0) }

// A fuzz target whose corpus went missing still passes; this does not.
func TestEveryFuzzTargetHasItsCorpus(t *testing.T) {
	for _, name := range []string{"NetFlow1", "NetFlow5", "NetFlow7", "NetFlow9", "IPFIX", "SFlow"} {
		files, err := filepath.Glob("testdata/fuzz/Fuzz" + name + "/*")
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(files), 2, name)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, string(text), "go test fuzz v1")
		}
	}
}
