package control

import (
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/mockserver/ingest"
)

// collectors is a list even where there are none.
func (p *plane) collectors() []ingest.Counters { return append([]ingest.Counters{}, p.Collectors()...) }

// collectorMetrics writes what collectors have seen. Without any there is nothing to write.
func (p *plane) collectorMetrics(b *strings.Builder) {
	all := p.Collectors()
	if len(all) == 0 {
		return
	}
	for _, m := range [...]struct {
		name, help string
		value      func(ingest.Counters) uint64
	}{
		{"datagrams", "Datagrams that a collector has read.", func(c ingest.Counters) uint64 { return c.Datagrams }},
		{"bytes", "Their bytes, IP headers included.", func(c ingest.Counters) uint64 { return c.Bytes }},
		{"flows", "Flow records in them.", func(c ingest.Counters) uint64 { return c.Flows }},
		{"refused", "Datagrams of sources beyond the limit.", func(c ingest.Counters) uint64 { return c.Refused }},
		{"dropped", "Datagrams that the kernel has dropped because the receive buffer was full.", func(c ingest.Counters) uint64 { return c.Dropped }},
	} {
		name := "flowgate_mock_collector_" + m.name + "_total"
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s counter\n", name, m.help, name)
		for _, c := range all {
			fmt.Fprintf(b, "%s{protocol=%q,address=%q} %d\n", name, c.Protocol, c.Address, m.value(c))
		}
	}
	const bad = "flowgate_mock_collector_bad_total"
	fmt.Fprintf(b, "# HELP %s Datagrams that could not be read, by cause.\n# TYPE %s counter\n", bad, bad)
	for _, c := range all {
		c.Bad.Each(func(cause string, n uint64) {
			fmt.Fprintf(b, "%s{protocol=%q,address=%q,cause=%q} %d\n", bad, c.Protocol, c.Address, cause, n)
		})
	}
}
