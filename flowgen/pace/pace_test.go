package pace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen/pace"
)

func TestNoWindowHoldsMoreThanRateAndBurst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pace.Pacer{Rate: rapid.IntRange(1, 5000).Draw(t, "rate"), Burst: rapid.IntRange(0, 64).Draw(t, "burst")}
		now := time.Unix(1704672000, 0)
		var sent []time.Time
		for range 200 {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)/int64(p.Rate)*3).Draw(t, "pause")))
			now = now.Add(p.Wait(now))
			sent = append(sent, now)
		}
		interval := time.Second / time.Duration(p.Rate)
		for i := range sent {
			for _, n := range []int{1, 5, 70} {
				if i+n < len(sent) && sent[i+n].Sub(sent[i]) < interval*time.Duration(n-max(p.Burst, 1)+1) {
					t.Fatalf("%d events within %s at %d a second, burst %d", n+1, sent[i+n].Sub(sent[i]), p.Rate, p.Burst)
				}
			}
		}
	})
}

func TestABusySenderReachesItsRate(t *testing.T) {
	p := pace.Pacer{Rate: 1000}
	start := time.Unix(0, 0)
	now := start
	for range 1001 {
		now = now.Add(p.Wait(now))
	}
	require.Equal(t, time.Second, now.Sub(start))
}

func TestZeroNeverWaits(t *testing.T) {
	var p pace.Pacer
	for range 3 {
		require.Zero(t, p.Wait(time.Unix(0, 0)))
	}
}
