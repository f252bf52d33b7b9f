package flowgen

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTablesAreTheFunctionsTheyStandFor(t *testing.T) {
	for i, v := range exp2Table {
		require.InDelta(t, math.Exp2(float64(i)/1024)*(1<<30), float64(v), 1)
	}
	for i, v := range normalTable {
		require.InDelta(t, math.Sqrt2*math.Erfinv((float64(i)+.5)/2048)*(1<<16), float64(v), 1)
	}
	require.InDelta(t, 65536/math.Ln2, float64(perLn2), 1)
}

func TestFixedPointMathIsMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := q16(rapid.Int64Range(-10<<16, 24<<16).Draw(t, "a"))
		want := math.Exp2(float64(a) / 65536)
		if got := float64(exp2(a)) / 65536; math.Abs(got-want) > want*2e-6+2./65536 {
			t.Fatalf("exp2(%v) = %v, want %v", float64(a)/65536, got, want)
		}
		p := q16(rapid.Int64Range(1, 1<<45).Draw(t, "p"))
		x := float64(p) / 65536
		if got := float64(log2(p)) / 65536; math.Abs(got-math.Log2(x)) > 3./65536 {
			t.Fatalf("log2(%v) = %v, want %v", x, got, math.Log2(x))
		}
		if got := float64(sqrt(p)) / 65536; math.Abs(got-math.Sqrt(x)) > 2./65536+math.Sqrt(x)*1e-6 {
			t.Fatalf("sqrt(%v) = %v, want %v", x, got, math.Sqrt(x))
		}
	})
}

func TestDrawsAreNormalAndEven(t *testing.T) {
	d := drawsOf(5, forNoise)
	const n = 200_000
	var sum, square, even float64
	for i := range int64(n) {
		z := float64(normal(d.at(i))) / 65536
		sum += z
		square += z * z
		even += float64(between(d.at(i), -3, 6))
	}
	require.InDelta(t, 0, sum/n, .01)
	require.InDelta(t, 1, square/n, .01)
	require.InDelta(t, 1.5, even/n, .03)
}

func TestDatagramsAreCountedByMultiplication(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 1365).Draw(t, "capacity")
		n := rapid.Uint64Range(0, maxFlows).Draw(t, "records")
		c := uint64(capacity)
		if got, want := ((n+c-1)*inverse(capacity))>>perCap, (n+c-1)/c; got != want {
			t.Fatalf("%d records by %d: %d datagrams, want %d", n, c, got, want)
		}
	})
}

// The rate remembers: its variance over m minutes falls with m^(2H-2), not
// with 1/m as it would if minutes knew nothing of each other.
func TestRateHasItsHurstExponentAndVariation(t *testing.T) {
	p, err := BuiltInProfile("enterprise")
	require.NoError(t, err)
	const minutes, sources = 14 * 1440, 6
	g, err := New(Options{Custom: &p, Sources: sources, NoEvents: true})
	require.NoError(t, err)
	var slope, deviation float64
	for i := range g.sources {
		drift := make([]float64, minutes)
		for m := range drift {
			drift[m] = float64(g.sources[i].drift(int64(m))) / 65536 * math.Ln2
		}
		deviation += math.Sqrt(variance(drift, 1)) / sources
		slope += (math.Log2(variance(drift, 256)) - math.Log2(variance(drift, 4))) / 6 / sources
	}
	require.InDelta(t, .25, deviation, .02)
	require.InDelta(t, .8, 1+slope/2, .06)
}

func variance(series []float64, window int) float64 {
	var sum, square, n float64
	for i := 0; i+window <= len(series); i += window {
		mean := 0.0
		for _, v := range series[i : i+window] {
			mean += v / float64(window)
		}
		sum, square, n = sum+mean, square+mean*mean, n+1
	}
	return square/n - sum*sum/n/n
}
