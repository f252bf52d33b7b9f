package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// flowFlags say to which collectors of the appliance flows are sent, and from where.
type flowFlags struct {
	to, from []string
}

func (f *flowFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.to, "flows", nil, "`PROTO=HOST:PORT` where the appliance takes flows; some are sent there and looked for in its statistics; may be repeated")
	fl.StringArrayVar(&f.from, "flows-from", nil, "`ADDR` to send flows from, one source device each; may be repeated, and more of them take less time")
}

// set puts the flags into the options; names are looked up.
func (f *flowFlags) set(ctx context.Context, o *conformance.Options) error {
	targets, order, err := collectors(ctx, f.to)
	var said *failure
	if errors.As(err, &said) {
		return &failure{code: said.code, err: fmt.Errorf("--flows: %w", said.err), hint: said.hint}
	}
	if err != nil {
		return err
	}
	for _, p := range order {
		o.Flows.Collectors = append(o.Flows.Collectors, check.Collector{Protocol: p, Addr: targets[p]})
	}
	for _, text := range f.from {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return wrong("such as 192.0.2.7, an address of this machine", "--flows-from %q is no address", text)
		}
		o.Flows.From = append(o.Flows.From, a.Unmap())
	}
	if err := o.Flows.Validate(); err != nil {
		return wrong("--flows netflow5=10.0.0.1:2055 --flows-from 10.0.0.9", "--flows, --flows-from: %w", err)
	}
	return nil
}

// announceFlows says how long a run that sends flows will take, before it seems to stand still.
func (a *app) announceFlows(o *conformance.Options) error {
	checks, err := conformance.List(*o)
	if err != nil || !slices.ContainsFunc(checks, func(c check.Check) bool { return slices.Contains(c.Probes, corpus.FlowLoop) }) {
		return err
	}
	d, err := conformance.FlowTime(o.Flows)
	if err != nil {
		return broken("give an address of this machine with --flows-from", "%w", err)
	}
	if d > 0 {
		fmt.Fprintf(a.err, "Sending flows and waiting for their rows takes about %d minutes of this run.\n", (d+time.Minute-1)/time.Minute)
	}
	return nil
}

// draftOfFlows is what a dry run prints for flows that would be sent.
func draftOfFlows(x *exchange.Exchange) string {
	sent, err := corpus.ParseSent(x.Request.Body)
	if err != nil {
		return exchange.Curl(*x, "")
	}
	bad := uint64(0)
	for _, m := range sent.Malformed {
		bad += m.Datagrams
	}
	parts := []string{fmt.Sprintf("%d flows in %d datagrams", sent.Flows, sent.Datagrams)}
	for _, part := range []struct {
		n    uint64
		what string
	}{{sent.Templates, "datagrams of templates or counters"}, {bad, "malformed datagrams"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return fmt.Sprintf("# sends to %s=%s from %s within a minute (%s): %s", sent.Protocol, sent.Collector, sent.Source, sent.Mission, strings.Join(parts, ", "))
}
