package flow_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

func TestProtocolWordsAreThoseOfTheCommandLine(t *testing.T) {
	words := map[flow.Protocol]string{
		flow.NetFlow5: "netflow5", flow.NetFlow9: "netflow9", flow.IPFIX: "ipfix", flow.SFlow: "sflow",
	}
	require.Len(t, flow.Protocols(), len(words))
	for p, word := range words {
		require.Equal(t, word, p.String())
		back, err := flow.Parse(word)
		require.NoError(t, err)
		require.Equal(t, p, back)
		text, err := json.Marshal(p)
		require.NoError(t, err)
		require.Equal(t, `"`+word+`"`, string(text))
		var read flow.Protocol
		require.NoError(t, json.Unmarshal(text, &read))
		require.Equal(t, p, read)
	}
	_, err := flow.Parse("netflow")
	require.ErrorContains(t, err, "hint:")
	_, err = flow.Protocol(9).MarshalText()
	require.Error(t, err)
	require.Equal(t, "protocol(0)", flow.Protocol(0).String())
}

func TestBucketsAddUpInAnyOrderAndPeaksAreMaxima(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) flow.Bucket {
		small := rapid.Uint64Range(0, 1<<20)
		b := flow.Bucket{
			Flows: small.Draw(t, "flows"), Bytes: small.Draw(t, "bytes"), BadBytes: small.Draw(t, "bad bytes"),
			Packets: small.Draw(t, "packets"), BadPackets: small.Draw(t, "bad packets"),
		}
		return b.Second()
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := gen.Draw(t, "a"), gen.Draw(t, "b"), gen.Draw(t, "c")
		left, right := a, b
		left.Add(b)
		left.Add(c)
		right.Add(c)
		right.Add(a)
		if left != right {
			t.Fatalf("order matters: %+v, %+v", left, right)
		}
		if left.Flows != a.Flows+b.Flows+c.Flows || left.PeakFlows != max(a.Flows, b.Flows, c.Flows) ||
			left.PeakBytes != max(a.Bytes, b.Bytes, c.Bytes) || left.PeakPackets != max(a.Packets, b.Packets, c.Packets) {
			t.Fatalf("wrong sum %+v", left)
		}
	})
	require.True(t, flow.Bucket{}.IsZero())
	require.False(t, flow.Bucket{BadBytes: 1}.IsZero())
}
