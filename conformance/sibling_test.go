package conformance_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/fixtures/siblings"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// further is the document of lamps, with edits.
func further(t *testing.T, edits ...string) *openapi.Document {
	t.Helper()
	doc, err := openapi.Parse([]byte(strings.NewReplacer(edits...).Replace(string(siblings.Lamps))))
	require.NoError(t, err)
	return doc
}

func TestEveryPromiseOfAFurtherDocumentStandsInTheReport(t *testing.T) {
	s, h := device(t, acceptAll)
	doc := further(t)
	report := run(t, s.URL, conformance.Options{Siblings: []*openapi.Document{doc}, Run: []string{"spec/**"}, Profile: check.Full, Allow: check.Mutate})
	byID := map[string]verdict.Check{}
	for _, c := range report.Checks {
		byID[c.ID] = c
	}
	for _, r := range catalogue.Sibling(doc) {
		c, ok := byID[r.ID]
		require.True(t, ok, r.ID)
		require.Equal(t, catalogue.Inferred, c.Standing, r.ID)
		require.Equal(t, catalogue.Document("spec: Lamps"), c.Source.Document, r.ID)
		require.NotEmpty(t, c.Reason, r.ID)
	}
	require.Equal(t, verdict.Failed, byID["spec/mgmt.lamps/listLamps/auth"].Verdict, "the device takes everything from everybody")
	require.Equal(t, verdict.Warned, byID["spec/mgmt.lamps/getLamp/shape"].Verdict)
	require.Equal(t, verdict.Warned, byID["spec/mgmt.lamps/listLamps/method"].Verdict)
	require.Equal(t, verdict.Warned, byID["spec/mgmt.lamps/listLamps/request/invalid"].Verdict)
	require.Equal(t, verdict.Noted, byID["spec/mgmt.lamps/listLamps/request/missing"].Verdict, "what definitions call required is not reliable")
	require.Equal(t, verdict.NotRun, byID["spec/mgmt.lamps/addLamp/auth"].Verdict)
	require.Contains(t, byID["spec/mgmt.lamps/addLamp/auth"].Reason, "--allow destroy")
	for _, told := range h.told() {
		if strings.Contains(told, "/api/mgmt.lamps/") {
			require.True(t, strings.HasPrefix(told, "GET ") || strings.HasPrefix(told, "PUT "), "%s was sent, and could have changed something", told)
		}
	}
}

// Nobody knows what a POST, PUT or DELETE of a further document does: with good credentials none is ever sent.
func TestWhatMayChangeSomethingIsSentByStrangersOnly(t *testing.T) {
	drafts, err := conformance.DryRun(t.Context(), conformance.Target{URL: "https://192.0.2.1", User: "qa", Password: "pass-of-qa"},
		conformance.Options{Siblings: []*openapi.Document{further(t)}, Run: []string{"spec/**"}, Profile: check.Full, Allow: check.Destroy})
	require.NoError(t, err)
	changing := 0
	for _, d := range drafts {
		x := d.Exchange
		if m := x.Request.Method; !strings.HasPrefix(x.Probe, "spec/") || m == http.MethodGet || strings.HasSuffix(x.Probe, "/method") {
			continue
		}
		changing++
		require.Equal(t, check.Destroy, d.Hazard, x.Probe)
		require.Contains(t, []exchange.Auth{exchange.None, exchange.WrongUser}, x.Auth, x.Probe)
		require.Empty(t, x.Request.Body, x.Probe)
	}
	require.Equal(t, 4, changing, "POST and DELETE, without credentials and with those of nobody")
}

func TestADeviceThatLacksASiblingIsNotJudgedByIt(t *testing.T) {
	list := `[{"id": "mgmt.gateway_backup", "versions": ["1.0"]}]`
	s, _ := device(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/services") {
			_, _ = w.Write([]byte(list))
			return
		}
		if strings.Contains(r.URL.Path, "lamps") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{}`))
	})
	o := conformance.Options{Siblings: []*openapi.Document{further(t)}, Run: []string{"spec/**"}}
	status := func() verdict.Check {
		for _, c := range run(t, s.URL, o).Checks {
			if c.ID == "spec/mgmt.lamps/listLamps/status" {
				return c
			}
		}
		require.Fail(t, "the check is missing")
		return verdict.Check{}
	}
	require.Equal(t, verdict.Unclaimed, status().Verdict)
	list = `[{"id": "mgmt.lamps", "versions": ["1.0"]}]`
	require.Equal(t, verdict.Warned, status().Verdict, "one that lists the service must have it")
}

// A recording of another client has no probes: answers are judged by method and path.
func TestOtherClientsTrafficIsJudgedByAFurtherDocument(t *testing.T) {
	answer := func(path string, status int, body string) exchange.Exchange {
		return exchange.Exchange{
			ID:       "x1",
			Request:  exchange.Message{Method: "GET", URL: "https://192.0.2.1" + path},
			Response: exchange.Message{Status: status, Header: http.Header{}, Body: []byte(body)},
		}
	}
	judge := func(x exchange.Exchange) map[string]verdict.Verdict {
		result, err := conformance.Judge([]exchange.Exchange{x}, conformance.Options{Siblings: []*openapi.Document{further(t)}})
		require.NoError(t, err)
		out := map[string]verdict.Verdict{}
		for _, c := range result.Report.Checks {
			out[strings.TrimPrefix(c.ID, "spec/mgmt.lamps/")] = c.Verdict
		}
		return out
	}
	bulb, err := json.Marshal(map[string]any{"name": "hall", "watts": 70})
	require.NoError(t, err)
	got := judge(answer("/api/mgmt.lamps/1.0/lamps/hall", 200, string(bulb)))
	require.Equal(t, verdict.Warned, got["getLamp/shape"], "70 watts are too many")
	require.Equal(t, verdict.Pass, got["getLamp/status"])
	require.Equal(t, verdict.NotRun, got["listLamps/shape"])
	require.Equal(t, verdict.NotRun, judge(answer("/api/mgmt.lamps/1.0/lamps/hall", 404, "{}"))["getLamp/status"], "whether the lamp is there, nobody knows")
	require.Equal(t, verdict.Warned, judge(answer("/api/mgmt.lamps/1.0/lamps?colour=amber", 500, "{}"))["listLamps/no-internal-error"])
}

func TestFurtherDocumentsThatCannotBeJudged(t *testing.T) {
	for name, c := range map[string]struct {
		docs []*openapi.Document
		want string
	}{
		"a path of the built-in document": {[]*openapi.Document{further(t, "/api/mgmt.lamps/1.0/version", "/api/mgmt.gateway_backup/1.0/backup")}, "built-in document"},
		"an operation twice":              {[]*openapi.Document{further(t), further(t, "title: Lamps", "title: More")}, "listLamps is also in Lamps"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := conformance.List(conformance.Options{Siblings: c.docs})
			require.ErrorIs(t, err, conformance.ErrOptions)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "hint")
		})
	}
}
