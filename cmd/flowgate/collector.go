package main

import (
	"net"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
)

// registerCollectors adds the flags of flow collection.
func (f *mockFlags) registerCollectors(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.collectors, "collector", nil,
		"`[PROTO=]HOST:PORT` to receive flows on: netflow (if not given), netflow5, netflow9, ipfix or sflow; may be repeated")
}

// collectorOptions reads [PROTO=]HOST:PORT.
func (f *mockFlags) collectorOptions() ([]mockserver.Collector, error) {
	var out []mockserver.Collector
	for _, text := range f.collectors {
		protocol, listen, named := strings.Cut(text, "=")
		if !named {
			protocol, listen = "netflow", text
		}
		if !slices.Contains(ingest.Protocols(), protocol) {
			return nil, wrong("such as netflow9=127.0.0.1:2055", "--collector %q: %q is no protocol (expected one of %s)", text, protocol, strings.Join(ingest.Protocols(), ", "))
		}
		if _, _, err := net.SplitHostPort(listen); err != nil {
			return nil, wrong("an address is such as 127.0.0.1:2055 or [::1]:0", "--collector %q: expected [PROTO=]HOST:PORT", text)
		}
		out = append(out, mockserver.Collector{Protocol: protocol, Listen: listen})
	}
	return out, nil
}
