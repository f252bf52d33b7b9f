package mockserver_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
)

// An outage that is ordered silences its source for its minutes and nobody else, whatever import_stats adds up; a reset
// takes it back.
func TestEventsAreOrderedFromOutside(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) { o.Store = nil })
	source := firstIPv4(t, a)
	all := func(unit string) map[string]uint64 {
		out := map[string]uint64{}
		from := moment.Truncate(time.Hour).Add(-2 * time.Hour).Unix()
		for _, r := range rowsOf(t, a, fmt.Sprintf(`{"stats_type":"flows_per_%s","start_time":%d,"end_time":%d,"source_ip":""}`, unit, from, from+7200)) {
			if r.Source == source && r.Time >= "2024-01-08 20:30:00" && r.Time < "2024-01-08 21:00:00" {
				out["dark"] += r.Flows
			}
			out[r.Source] += r.Flows
		}
		return out
	}
	before := all("minute")
	require.NotZero(t, before["dark"])
	answer := askControl(t, a, "POST", "/api/v1/events", fmt.Sprintf(`{"kind":"outage","source":%q,"start":"2024-01-08T20:30:40Z","minutes":30}`, source))
	require.JSONEq(t, fmt.Sprintf(`{"kind":"outage","source":%q,"start":"2024-01-08T20:30:00Z","minutes":30}`, source), answer)
	after := all("minute")
	require.Zero(t, after["dark"])
	require.Equal(t, before[source]-before["dark"], after[source])
	for name, flows := range before {
		if name != source && name != "dark" {
			require.Equal(t, flows, after[name], name)
		}
	}
	require.Equal(t, after[source], all("hour")[source], "hours know of it too")
	askControl(t, a, "POST", "/api/v1/events", fmt.Sprintf(`{"kind":"burst","source":%q,"start":"2024-01-08T21:30:00Z","minutes":20,"percent":5000}`, source))
	require.Greater(t, all("minute")[source], before[source], "a second event leaves the first one")
	require.Zero(t, all("minute")["dark"])
	require.Contains(t, askControl(t, a, "POST", "/api/v1/reset", ""), `"events": 2`)
	require.Equal(t, before, all("minute"))
}

func TestAnEventThatCannotHappenIsRefused(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) { o.Store = nil })
	source := firstIPv4(t, a)
	next := askControl(t, a, "POST", "/api/v1/events", fmt.Sprintf(`{"kind":"scan","source":%q,"minutes":1}`, source))
	require.Contains(t, next, "2024-01-08T22:12:00Z", "the next minute, by the appliance's clock")
	for body, says := range map[string]string{
		`{"kind":"flood","source":"10.0.0.1","minutes":1}`:              "no event",
		`{"kind":"scan","source":"router","minutes":1}`:                 "is no address",
		`{"kind":"scan","source":"203.0.113.250","minutes":1}`:          "no traffic of 203.0.113.250",
		fmt.Sprintf(`{"kind":"scan","source":%q}`, source):              "at least one minute",
		fmt.Sprintf(`{"kind":"scan","source":%q,"minutes":-5}`, source): "at least one minute",
		`{"kind":"scan","sources":"x"}`:                                 "unknown field",
	} {
		w := controlled(t, a, "POST", "/api/v1/events", body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Contains(t, w.Body.String(), says, body)
	}
	given := controlled(t, standing(t), "POST", "/api/v1/events", `{"kind":"scan","source":"192.0.2.1","minutes":1}`)
	require.Equal(t, http.StatusBadRequest, given.Code)
	require.Contains(t, given.Body.String(), "no traffic is made up")
}
