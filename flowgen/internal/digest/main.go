// Command digest prints a hash of synthetic traffic of every profile. It is small, so that the tests can build it for
// other machines and see whether a seed is the same traffic there.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"log"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

func main() {
	text, err := digest()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}

// monday is 2024-01-08 00:00 UTC, a Monday, in Unix hours.
const monday = 1704672000 / 3600

// digest hashes seconds, minutes, hours and records of worlds of every profile, as numbers in big-endian order.
func digest() (string, error) {
	sum := sha256.New()
	for seed := uint64(1); seed <= 2; seed++ {
		for _, profile := range append(flowgen.ProfileNames(), flowgen.Mixed) {
			g, err := flowgen.New(flowgen.Options{Seed: seed, Sources: 12, Profile: profile})
			if err != nil {
				return "", err
			}
			for i := range 12 {
				source(sum, g, i)
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// source hashes some of the traffic of one source.
func source(sum hash.Hash, g *flowgen.Generator, i int) {
	put := func(numbers ...uint64) { _ = binary.Write(sum, binary.BigEndian, numbers) } // a hash takes everything
	bucket := func(b flow.Bucket) {
		put(b.Flows, b.Bytes, b.BadBytes, b.Packets, b.BadPackets, b.PeakFlows, b.PeakBytes, b.PeakPackets)
	}
	for h := range int64(6) {
		bucket(g.Hour(i, monday+h*29))
		bucket(g.Minute(i, (monday+h*31)*60+h))
		bucket(g.Second(i, (monday+h*37)*3600+h))
	}
	for _, r := range g.Records(i, monday*3600+int64(i), nil) {
		put(r.Packets, r.Octets, uint64(r.Start), uint64(r.End), uint64(r.SrcPort), uint64(r.DstPort), uint64(r.Protocol))
		sum.Write(r.Src.AsSlice())
		sum.Write(r.Dst.AsSlice())
	}
}
