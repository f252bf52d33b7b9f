package flowgen_test

import (
	"fmt"
	"log"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// Any bucket is computed on its own; the same seed gives the same world.
func Example() {
	g, err := flowgen.New(flowgen.Options{Sources: 2})
	if err != nil {
		log.Fatal(err)
	}
	const hour = 1704672000/3600 + 14 // 2024-01-08 14 h UTC
	for i, s := range g.Sources() {
		b, minutes := g.Hour(i, hour), uint64(0)
		for m := int64(hour * 60); m < hour*60+60; m++ {
			minutes += g.Minute(i, m).Flows
		}
		fmt.Println(s.Protocol, minutes == b.Flows, b.PeakFlows <= b.Flows)
	}
	// Output:
	// netflow5 true true
	// netflow9 true true
}
