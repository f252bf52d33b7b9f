package fools_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/fools"
)

var (
	novemberFirst = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

	fifth  = epoch("flows_per_minute", noon.Add(-5*time.Minute).Truncate(time.Minute), noon.Truncate(time.Minute), sources[0])
	lastA  = last("flows_per_minute", "minutes", 5, sources[0])
	textB  = local("flows_per_minute", noon.Add(-5*time.Minute).Truncate(time.Minute), noon.Truncate(time.Minute), "")
	backUp = step{scope: "backup", method: "POST", path: backupPath, body: `{"hostname": "localhost", "security_pwd": "vault"}`}
	look   = step{scope: "backup", method: "GET", path: backupPath}
	reach  = step{scope: "backup", method: "POST", path: backupPath, body: `{"hostname": "192.0.2.1", "username": "u", "path": "/p", "security_pwd": "vault"}`}
)

// What some fools say, pinned: a fool that lost its folly would make the suite look blind.
func TestFoolsSayWhatTheyAreFor(t *testing.T) {
	for _, c := range []struct {
		fool   string
		script []step
		want   string // a regular expression, of the last answer
	}{
		{"row/n-flows-as-string", []step{ask("A", lastA)}, `"n_flows":"\d+"`},
		{"row/n-flows-negative", []step{ask("B", textB)}, `"n_flows":-\d+`},
		{"row/peak-n-flows-as-number", []step{ask("A", lastA)}, `"peak_n_flows":\d+`},
		{"row/time-as-epoch-number", []step{ask("A", lastA)}, `"time":17953\d{5}`},
		{"row/time-with-other-offset", []step{ask("B", textB)}, `"time":"2026-11-22 12:55:00\+01:00"`},
		{"row/time-with-z", []step{ask("B", textB)}, `"time":"2026-11-22 11:55:00Z"`},
		{"answer/list-in-object", []step{ask("A", lastA)}, `\{"DisplayStats":\[\{`},
		{"answer/list-null-when-empty", []step{ask("C", epoch("flows_per_minute", noon, noon, "192.0.2.254"))}, `\n\nnull\s*$`},
		{"answer/empty-body", []step{ask("B", textB)}, `^200 false\n[^{]*$`},
		{"answer/media-type-missing", []step{ask("B", textB)}, `Content-Type: \n`},
		{"window/an-hour-early", []step{ask("C", fifth)}, `"time":"2026-11-22 10:55:00`},
		{"window/repeat-counts-again", []step{ask("C", fifth), ask("C", fifth)}, `^[^}]*"n_flows":43,`},
		{"request/a-stats-type-guessed", []step{ask("A", last("flows_per_fortnight", "hours", 2, sources[0]))}, `^200(.|\n)*"time":"2026-11-22 10:00:00`},
		{"request/seconds-as-minutes", []step{ask("A", last("flows_per_minute", "seconds", 60, sources[0]))}, `"time":"2026-11-22 11:00:00`},
		{"request/b-month-first", []step{ask("B", textB)}, `^400(.|\n)*BAD_REQUEST`},
		{"request/b-end-time-rolls-over", []step{ask("B", strings.Replace(local("flows_per_hour", novemberFirst, novemberFirst.Add(2*time.Hour), ""), "01/11/2026 12", "32/10/2026 12", 1))}, `^200`},
		{"filter/ignored", []step{ask("A", lastA)}, `10\.0\.7\.13`},
		{"agreement/c-reads-milliseconds", []step{ask("C", fifth)}, `\n\n\[\]\s*$`},
		{"error/statistics-as-page", []step{ask("C", "?")}, `^400(.|\n)*<html>`},
		{"error/backups-unauthorized-as-forbidden", []step{{method: "GET", path: backupPath, auth: "-"}}, `^403(.|\n)*AUTH_REQUIRED`},
		{"auth/template-c-for-everybody", []step{ask("C", fifth), {method: "GET", path: statsPath, body: fifth, auth: "-"}}, `^200`},
		{"auth/user-not-checked", []step{ask("C", fifth), {method: "GET", path: statsPath, body: fifth, auth: basic("nobody", password)}}, `^200`},
		{"auth/user-not-checked", []step{ask("C", fifth), {method: "GET", path: statsPath, body: fifth, auth: basic("nobody", "x")}}, `^401`},
		{"auth/password-start-is-enough", []step{ask("C", fifth), {method: "GET", path: statsPath, body: fifth, auth: basic(user, password+"!")}}, `^200`},
		{"backup/last-successful-moves-on-error", []step{reach, look, look, look}, `"last_successful":\{[^}]*"host":"192.0.2.1"`},
		{"backup/last-successful-stays", []step{backUp, look, look, look, look, backUp, look, look, look, look}, `"last_successful":\{[^}]*_1201"(.|\n)*"running":\{[^}]*COMPLETED`},
		{"backup/running-tells-the-first", []step{reach, look, look, look, backUp, look, look, look}, `"running":\{[^}]*"host":"192.0.2.1"`},
		{"backup/executes-again", []step{backUp, look, look, look, look}, `"status":"EXECUTING"`},
		{"backup/unreachable-completed", []step{reach, look, look, look}, `"status":"COMPLETED"`},
		{"backup/message-tells-secret", []step{backUp, look}, `-k vault"`},
		{"backup/header-tells-request", []step{backUp}, `X-Debug-Request: .*vault`},
		{"backup/start-of-all-fields-refused", []step{{method: "POST", path: backupPath, body: `{"hostname": "localhost", "username": "u", "password": "p", "path": "/p", "security_pwd": "s"}`}}, `^400`},
		{"restore/security-pwd-not-checked", append([]step{backUp, look, look, look, {method: "POST", path: restorePath, body: `{"hostname": "localhost", "security_pwd": "other"}`}}, looks(restorePath, 3)...), `COMPLETED`},
		{"eccentric/json-escaped", []step{ask("C", fifth)}, `"\\u0074\\u0069\\u006d\\u0065"`},
		{"eccentric/numbers-as-powers", []step{ask("C", fifth)}, `"n_bytes":\d\.\d+e\d`},
		{"eccentric/second-job-conflict", []step{backUp, backUp}, `^409`},
		{"eccentric/second-job-ignored", []step{backUp, backUp}, `^204`},
		{"eccentric/array-only", []step{ask("C", fifth)}, `^400`},
		{"eccentric/array-only", []step{ask("C", "["+fifth+"]")}, `^200`},
		{"eccentric/bare-only", []step{ask("C", "["+fifth+"]")}, `^400`},
		{"eccentric/clock-two-hours-behind", []step{ask("C", fifth)}, `10:00:30 GMT(.|\n)*\[\]\s*$`},
		{"eccentric/clock-two-hours-behind", []step{ask("A", lastA)}, `10:00:30 GMT(.|\n)*"time":"2026-11-22 09:55:00`},
		{"eccentric/template-b-in-california", []step{ask("B", local("flows_per_minute", noon.Add(-8*time.Hour-5*time.Minute).Truncate(time.Minute), noon.Add(-8*time.Hour).Truncate(time.Minute), ""))}, `"time":"2026-11-22 11:55:00`},
		{"eccentric/one-source", []step{ask("C", fifth), ask("C", strings.Replace(fifth, sources[0], sources[1], 1))}, `\n\n\[\]\s*$`},
		{"eccentric/without-date", []step{look}, `Date: \n`},
		{"eccentric/chunked", []step{look}, `^200 true`},
		{"control/canary", []step{ask("C", fifth)}, `canary$`},
	} {
		f, ok := fools.Find(c.fool)
		require.True(t, ok, c.fool)
		got := take(f.Wrap, c.script)
		require.Regexp(t, c.want, got[len(got)-1].said, c.fool)
	}
}

func looks(path string, n int) []step {
	var out []step
	for range n {
		out = append(out, step{method: "GET", path: path})
	}
	return out
}

func TestUnconditionalDevicesNeverAskTheOneWithin(t *testing.T) {
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the device within was asked") })
	n := 0
	for _, f := range fools.All() {
		if f.Kind != fools.Unconditional {
			continue
		}
		n++
		for _, s := range walk() {
			f.Wrap(never).ServeHTTP(httptest.NewRecorder(), s.request())
		}
	}
	require.Positive(t, n)
}

// Over a socket the length of an edited body is right, a GET keeps its body, and a big answer arrives whole.
func TestFoolsFrameTheirAnswers(t *testing.T) {
	sized := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer := fmt.Sprintf(`[{"n_flows": 1, "asked": %q, "filler": %q}]`, body, strings.Repeat("x", 1<<18))
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		_, _ = io.WriteString(w, answer)
	})
	f, _ := fools.Find("row/n-flows-as-string")
	s := httptest.NewServer(f.Wrap(sized))
	defer s.Close()
	r, err := http.NewRequest(http.MethodGet, s.URL+statsPath, strings.NewReader(lastA))
	require.NoError(t, err)
	answer, err := s.Client().Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.EqualValues(t, len(text), answer.ContentLength)
	var rows []struct {
		Flows string `json:"n_flows"`
		Asked string
	}
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Equal(t, "1", rows[0].Flows)
	require.Equal(t, lastA, rows[0].Asked)
}
