package plot

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersForPeople(t *testing.T) {
	for v, want := range map[uint64][2]string{
		0: {"0", "0"}, 7: {"7", "7"}, 999: {"999", "999"}, 1000: {"1 k", "1\u202f000"}, 1550: {"1.5 k", "1\u202f550"},
		99_900: {"99.9 k", "99\u202f900"}, 498_635: {"498 k", "498\u202f635"}, 2_500_000: {"2.5 M", "2\u202f500\u202f000"},
		3_000_000_000: {"3 G", "3\u202f000\u202f000\u202f000"},
	} {
		require.Equal(t, want, [2]string{short(v), grouped(v)})
	}
	for n, want := range map[px]string{0: "0", 10: "1", 15: "1.5", -5: "-0.5", 11600: "1160"} {
		require.Equal(t, want, n.String())
	}
}

func TestScalesAreRoundAndHaveAHalf(t *testing.T) {
	for v, want := range map[uint64]uint64{1: 2, 2: 2, 3: 4, 9: 10, 10: 10, 11: 12, 13: 16, 25: 30, 81: 100, 99: 100, 101: 120, 160_001: 200_000, 169_930: 200_000} {
		require.Equal(t, want, nice(v), v)
	}
	for v := uint64(1); v < 5000; v++ {
		require.GreaterOrEqual(t, nice(v), v)
		require.Zero(t, nice(v)%2)
		require.LessOrEqual(t, nice(v), v+max(1, v/2))
	}
}
