package conformance_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Whatever datagrams a device loses or takes twice: it is accused of it when a source has not the flows that it sent,
// and not when only the missions are touched in which counts are open.
func TestAnyLossOfFlowsIsFoundAndNothingElseIsCalledOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drop := rapid.SliceOfN(rapid.IntRange(0, 110), 0, 3).Draw(t, "drop")
		twice := rapid.SliceOfN(rapid.IntRange(0, 110), 0, 2).Draw(t, "twice")
		n := 0
		delta := map[netip.Addr]int{}
		f := fools.Fool{Way: func(next fools.Way) fools.Way {
			return func(d fools.Datagram) error {
				at := n
				n++
				flows := 0
				if len(d.Payload) > 24 && binary.BigEndian.Uint16(d.Payload) == 5 {
					flows = int(binary.BigEndian.Uint16(d.Payload[2:]))
				}
				for _, i := range drop {
					if i == at {
						delta[d.From] -= flows
						return nil
					}
				}
				for _, i := range twice {
					if i == at {
						delta[d.From] += flows
						if err := next(d); err != nil {
							return err
						}
						break
					}
				}
				return next(d)
			}
		}}
		c := newCollector(habits{})
		target, o := c.loop(conformance.Options{Flows: check.Flows{Collectors: everyProtocol()[:1]}}, f)
		result, err := conformance.Run(t.Context(), target, o)
		require.NoError(t, err)
		plain := 0
		for i := range result.Exchanges {
			x := &result.Exchanges[i]
			if !x.Noted() {
				continue
			}
			sent, err := corpus.ParseSent(x.Request.Body)
			require.NoError(t, err)
			require.Equal(t, flow.NetFlow5, sent.Protocol)
			if m := sent.Mission; m == corpus.MissionThin || m == corpus.MissionFull || m == corpus.MissionFlows {
				plain += max(delta[sent.Source], -delta[sent.Source])
			}
		}
		told := verdictsOf(result.Report)["analytics/flows/complete/netflow5"]
		switch {
		case len(drop)+len(twice) == 0:
			require.Equal(t, verdict.Conformant, result.Report.Verdict, result.Report.Reason)
		case plain > 0:
			require.Equal(t, verdict.NotConformant, result.Report.Verdict, told)
		default:
			require.NotContains(t, told, "counted more than once")
		}
	})
}
