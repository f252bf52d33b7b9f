package flowgen

import "net/netip"

// All randomness is a hash of a coordinate (seed, source, purpose, index) and
// never a stream, so that any bucket is computed on its own. The mixing step
// is that of SplitMix64 (Steele, Lea, Flood 2014), written out here because
// these numbers are a promise: the same seed gives the same traffic for ever.

const golden = 0x9E3779B97F4A7C15

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 27
	x *= 0x94D049BB133111EB
	return x ^ x>>31
}

// purpose keeps the draws of one source apart.
type purpose uint64

const (
	forIdentity purpose = 1 + iota
	forNoise
	forMinute
	forSlots
	forDefect
	forEvents
	forRecords
	forHosts
	purposes
)

// draws is the key of one source and purpose.
type draws uint64

func drawsOf(key uint64, p purpose) draws { return draws(mix(key + uint64(p)*golden)) }

// at is the draw with the given index.
func (d draws) at(index int64) uint64 { return mix(uint64(d) + uint64(index)*golden) }

// keyOf is the key of a source. It depends on the seed and the address alone,
// so that adding a source changes no other.
func keyOf(seed uint64, addr netip.Addr) uint64 {
	key := mix(seed + golden)
	b := addr.As16()
	for i := 0; i < len(b); i += 8 {
		var word uint64
		for _, c := range b[i : i+8] {
			word = word<<8 | uint64(c)
		}
		key = mix(key ^ word + golden)
	}
	return key
}
