package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

func TestFlowFlagsThatAreWrong(t *testing.T) {
	u := plain(t, "control/inert")
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"no protocol":       {[]string{"--flows", "10.0.0.1:2055"}, "--flows: \"10.0.0.1:2055\" is no collector (expected PROTO=HOST:PORT)"},
		"unknown protocol":  {[]string{"--flows", "netflow=10.0.0.1:2055"}, "use netflow5, netflow9, ipfix or sflow"},
		"no port":           {[]string{"--flows", "ipfix=10.0.0.1"}, "hint: an address is such as 127.0.0.1:2055"},
		"twice":             {[]string{"--flows", "ipfix=10.0.0.1:1", "--flows", "ipfix=10.0.0.1:2"}, "ipfix is there twice"},
		"no address":        {[]string{"--flows", "ipfix=10.0.0.1:1", "--flows-from", "router"}, "--flows-from \"router\" is no address"},
		"another family":    {[]string{"--flows", "ipfix=10.0.0.1:1", "--flows-from", "::1"}, "which is of the other family"},
		"from, but nothing": {[]string{"--flows-from", "10.0.0.1"}, "there is no collector"},
		"with a recording":  {[]string{"--flows", "ipfix=10.0.0.1:1", "--from", "recording"}, "--from judges a recording and sends nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"check", u, "--run", "analytics/flows"}, c.flags...)
			if name == "with a recording" {
				args = append([]string{"check"}, c.flags...)
			}
			code, out, complaints := call(t, args...)
			require.Equal(t, 2, code, "%s\n%s", out, complaints)
			require.Contains(t, strings.Join(strings.Fields(complaints), " "), c.says)
		})
	}
}

func TestADryRunListsTheFlows(t *testing.T) {
	code, out, complaints := call(t, "check", "https://10.0.0.1", "--run", "analytics/flows/complete/netflow9", "--dry-run",
		"--flows", "netflow9=127.0.0.1:9995", "--flows-from", "127.0.0.9")
	require.Equal(t, 0, code, complaints)
	require.Contains(t, out, "# sends to netflow9=127.0.0.1:9995 from 127.0.0.9 within a minute (flows): 205 flows in 15 datagrams, 1 datagrams of templates or counters\n")
	require.Contains(t, out, "(malformed): 40 flows in 5 datagrams, 1 datagrams of templates or counters, 7 malformed datagrams\n")
	require.NotContains(t, out, "calibrate", "there is no collector of NetFlow v5")
	_, out, _ = call(t, "check", "https://10.0.0.1", "--run", "analytics/flows", "--dry-run")
	require.NotContains(t, out, "# sends")
}

func TestARunSaysHowLongFlowsTake(t *testing.T) {
	code, _, complaints := call(t, "check", plain(t, "control/inert"), "--user", "admin", "--run", "common/ping", "--flows", "netflow9=127.0.0.1:9995")
	require.Equal(t, 0, code, complaints)
	require.NotContains(t, complaints, "minutes of this run", "no check needs flows")
	a := &app{err: &strings.Builder{}}
	var f flowFlags
	f.to = []string{"netflow5=127.0.0.1:2055", "sflow=127.0.0.1:6343"}
	for from, minutes := range map[string]string{"": "about 5 minutes", "127.0.0.9": "about 14 minutes"} {
		var o conformance.Options
		if f.from = nil; from != "" {
			f.from = []string{from}
		}
		require.NoError(t, f.set(t.Context(), &o))
		said := &strings.Builder{}
		a.err = said
		require.NoError(t, a.announceFlows(&o))
		require.Contains(t, said.String(), minutes)
	}
}

// What a report shows of flows needs no appliance: a recording of a note is judged like any other.
func TestARecordingOfFlowsAloneIsIncomplete(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recording")
	sent := `{"mission": "flows", "protocol": "ipfix", "source": "127.1.0.1", "collector": "127.0.0.1:4739", "minute": "2026-11-22T15:21:00Z", "flows": 7, "datagrams": 1, "payload": 600, "seconds": []}`
	x := exchange.Exchange{ID: "x0001", Probe: "flows/loop", Step: "flows", Request: exchange.Message{Method: exchange.MethodSend, URL: "udp://127.0.0.1:4739", Body: []byte(sent)}}
	require.NoError(t, exchange.WriteDir(dir, []exchange.Exchange{x}))
	code, out, complaints := call(t, "check", "--from", dir, "--run", "analytics/flows")
	require.NotEqual(t, 0, code)
	require.Contains(t, out+complaints, "the device did not answer for the sources")
}
