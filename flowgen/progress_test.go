package flowgen_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

func TestProgressTellsWhatIsSentAndHowLate(t *testing.T) {
	for _, rate := range []int{-1, 10} {
		synctest.Test(t, func(t *testing.T) {
			g := newGenerator(t, flowgen.Options{Addrs: flowgen.LoopbackAddrs(4), Protocols: flow.Protocols(), Profile: "datacentre", NoEvents: true})
			c, start := &catch{}, time.Now().Unix()
			var told []flowgen.Progress
			e := newExporter(t, g, flowgen.ExporterOptions{
				Targets: targets(collector), Listen: c.listen, Rate: rate,
				Progress: func(p flowgen.Progress) { told = append(told, p) },
			})
			require.NoError(t, e.Run(t.Context(), 8*time.Second))
			require.Len(t, told, 7)
			for i, p := range told {
				require.Equal(t, start+1+int64(i), p.Second)
				require.Equal(t, rate > 0, p.Behind > 0, "%+v", p)
				require.Zero(t, p.Sent.PeakFlows)
			}
			last := told[len(told)-1]
			require.EqualValues(t, len(c.payloads), last.Sent.Packets)
			require.Equal(t, last.Sent, e.Ledger().Sum())
			var flows uint64
			for _, p := range flow.Protocols() {
				require.NotZero(t, e.Ledger().Sent(p).Packets, p)
				flows += e.Ledger().Sent(p).Flows
			}
			require.Equal(t, last.Sent.Flows, flows)
			if rate > 0 {
				require.Greater(t, last.Behind, told[0].Behind)
			}
			// what is forgotten is still in the sums
			e.Ledger().Forget(start + 3)
			for _, r := range e.Ledger().Rows() {
				require.GreaterOrEqual(t, r.Second, start+3)
			}
			require.NotEmpty(t, e.Ledger().Rows())
			require.Equal(t, last.Sent, e.Ledger().Sum())
		})
	}
}

func TestOpenTellsWhatCannotBeSentFrom(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Addrs: flowgen.LoopbackAddrs(3), Protocols: []flow.Protocol{flow.NetFlow5}})
	c, occupied := &catch{}, errors.New("occupied")
	fail := true
	e := newExporter(t, g, flowgen.ExporterOptions{Targets: targets(collector), Rate: -1, Listen: func(s flowgen.Source) (flowgen.Socket, error) {
		if s.Index == 2 && fail {
			return nil, occupied
		}
		return c.listen(s)
	}})
	require.ErrorIs(t, e.Open(), occupied)
	require.Empty(t, c.payloads)
	fail = false
	require.NoError(t, e.Open(), "what is open stays open")
	require.Len(t, c.walls, 3)
	require.NoError(t, e.SendRecords(t.Context(), 2, make([]flow.Record, 1)))
	require.Len(t, c.walls, 3)
	require.NoError(t, e.Close())
}
