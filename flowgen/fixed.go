package flowgen

import "math/bits"

//go:generate go run tables_gen.go

// Fixed-point numbers with 16 fractional bits. No float is on the generating
// path: Go fuses x*y+z on some machines and not on others, and the same seed
// would give other traffic there (golang/go issue 71204).
type q16 int64

const one q16 = 1 << 16

func qInt(n int64) q16 { return q16(n) << 16 }

// times is the product, rounded down.
func (a q16) times(b q16) q16 { return q16((int64(a) * int64(b)) >> 16) }

// exp2 is 2^a for a below 40; it is 0 below -16, the resolution of q16.
func exp2(a q16) q16 {
	whole := int64(a >> 16)
	if whole < -16 {
		return 0
	}
	frac := uint64(a) & 0xFFFF
	i := frac >> 6
	lo, hi := uint64(exp2Table[i]), uint64(exp2Table[i+1])
	mantissa := lo + (hi-lo)*(frac&63)>>6 // 1..2 with 30 fractional bits
	if whole >= 14 {
		return q16(mantissa << (whole - 14))
	}
	return q16(mantissa >> (14 - whole))
}

// log2 is the binary logarithm of a positive a, rounded down.
func log2(a q16) q16 {
	x := uint64(a)
	whole := bits.Len64(x) - 1
	result := q16(whole-16) << 16
	m := x << (63 - whole) >> 32 // 1..2 with 31 fractional bits
	for bit := q16(1 << 15); bit > 0; bit >>= 1 {
		m = m * m >> 31
		if m >= 1<<32 {
			m >>= 1
			result |= bit
		}
	}
	return result
}

// sqrt is the square root, rounded down.
func sqrt(a q16) q16 {
	x := uint64(a) << 16
	var root uint64
	for bit := uint64(1) << 31; bit > 0; bit >>= 1 {
		if try := root | bit; try*try <= x {
			root = try
		}
	}
	return q16(root)
}

// normal maps the top 12 bits of a draw to a standard normal number (its
// quantile in the middle of one of 4096 equal slices, so never beyond 3.7).
func normal(draw uint64) q16 {
	z := q16(normalTable[draw>>53])
	if draw&(1<<52) != 0 {
		return -z
	}
	return z
}

// perLn2 is 1/ln 2: a deviation of a natural logarithm times this is one of a
// binary logarithm.
const perLn2 q16 = 94548

// between maps a draw to lo..hi, both included.
func between(draw uint64, lo, hi int64) int64 {
	high, _ := bits.Mul64(draw, uint64(hi-lo)+1)
	return lo + int64(high)
}

// below is true in share of all draws.
func below(draw uint64, share q16) bool { return q16(draw>>48) < share }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}
