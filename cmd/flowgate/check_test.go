package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// plain serves an appliance over HTTP, with a fool around it where one is named, and returns its URL. The account is
// admin/admin, and FLOWGATE_PASSWORD is set.
func plain(t *testing.T, fool string) string {
	t.Helper()
	t.Setenv("FLOWGATE_PASSWORD", mockservertest.Password)
	appliance := mockservertest.Start(t, func(o *mockserver.Options) { o.PlainHTTP, o.JobDuration = true, 20*time.Millisecond })
	if fool == "" {
		return appliance.URL
	}
	f, ok := fools.Find(fool)
	require.True(t, ok, fool)
	s := httptest.NewServer(f.Wrap(appliance.Handler()))
	t.Cleanup(s.Close)
	return s.URL
}

// write writes a file for one test.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestExitCodesOfCheck(t *testing.T) {
	notShort(t)
	const waiver = "- {check: 'backup/status/media-type', reason: known, expires: %s}\n"
	for name, c := range map[string]struct {
		fool  string
		flags []string
		file  string // a waiver file, given with --waivers
		want  int
		says  string // in either output
	}{
		"conformant":                {flags: []string{"--run", "backup/status"}, want: 0, says: "CONFORMANT"},
		"a failed check":            {fool: "always/garbage", flags: []string{"--run", "backup/status"}, want: 1, says: "NOT CONFORMANT"},
		"a warned check":            {fool: "backup/status-media-type-html", flags: []string{"--run", "backup/status"}, want: 0, says: "warned"},
		"a warned check, strictly":  {fool: "backup/status-media-type-html", flags: []string{"--run", "backup/status", "--strict"}, want: 1},
		"a waived warning":          {fool: "backup/status-media-type-html", flags: []string{"--run", "backup/status", "--strict"}, file: fmt.Sprintf(waiver, "2999-01-31"), want: 0, says: "waived"},
		"a stale waiver":            {flags: []string{"--run", "backup/status"}, file: fmt.Sprintf(waiver, "2999-01-31"), want: 4, says: "stale"},
		"an expired waiver":         {fool: "backup/status-media-type-html", flags: []string{"--run", "backup/status"}, file: fmt.Sprintf(waiver, "2001-01-31"), want: 4, says: "expired"},
		"a waiver without a reason": {file: "- {check: a, expires: 2999-01-31}\n", want: 2, says: "reason is missing"},
		"nothing selected":          {flags: []string{"--run", "no/such/check"}, want: 4, says: "no check was judged"},
		"everything skipped":        {flags: []string{"--skip", "**"}, want: 4},
		"not allowed":               {flags: []string{"--run", "backup/start"}, want: 4, says: "--allow mutate"},
		"wrong password":            {flags: []string{"--run", "backup/status", "--password-file", write(t, "p", "not-it\n")}, want: 3, says: "refused the credentials"},
		"unwritable report":         {flags: []string{"--run", "backup/status", "--json", "/no/such/folder/r.json"}, want: 3, says: "cannot be written"},
		"full disk":                 {flags: []string{"--run", "backup/status", "--json", "/dev/full"}, want: 3, says: "no space"},
		"destroy without confirm":   {flags: []string{"--allow", "destroy"}, want: 2, says: "hint: give --confirm"},
		"destroy with another's":    {flags: []string{"--allow", "destroy", "--confirm", "SOMEBODY", "--run", "restore/start/resource"}, want: 4, says: "does not name this device"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"check", plain(t, c.fool), "--user", "admin"}, c.flags...)
			if c.file != "" {
				args = append(args, "--waivers", write(t, "waivers.yaml", c.file))
			}
			code, out, complaints := call(t, args...)
			require.Equal(t, c.want, code, "%s\n%s", out, complaints)
			require.Contains(t, strings.Join(strings.Fields(out+complaints), " "), c.says)
		})
	}
}

func TestABaselineKnowsTheFailuresOfAnEarlierRun(t *testing.T) {
	t.Setenv("FLOWGATE_PASSWORD", mockservertest.Password)
	file := filepath.Join(t.TempDir(), "report.json")
	judge := func(fool string, want int, says string, flags ...string) {
		t.Helper()
		args := append([]string{"check", plain(t, fool), "--user", "admin", "--run", "backup/status"}, flags...)
		code, out, complaints := call(t, args...)
		require.Equal(t, want, code, "%s\n%s", out, complaints)
		require.Contains(t, out+complaints, says)
	}
	judge("always/garbage", 1, "NOT CONFORMANT", "--json", file)
	judge("always/garbage", 0, "CONFORMANT", "--baseline", file)
	judge("always/garbage", 1, "NOT CONFORMANT", "--baseline", file, "--run", "analytics/response/type-c/list")
	judge("", 4, "renewed", "--baseline", file)
	judge("", 2, "no report of schema", "--baseline", write(t, "other.json", "[]"))
	judge("", 2, "tells of a run that broke", "--baseline", write(t, "broken.json", `{"schema": "flowgate/report/v1", "verdict": "broken"}`))
}

func TestAnUnreachableDeviceIsThree(t *testing.T) {
	t.Setenv("FLOWGATE_PASSWORD", "x")
	code, out, _ := call(t, "check", "http://127.0.0.1:"+freePort(t), "--user", "admin", "--run", "backup/status")
	require.Equal(t, 3, code)
	require.Contains(t, out, "could not be reached")
}

func TestTheCertificateIsChecked(t *testing.T) {
	t.Setenv("FLOWGATE_PASSWORD", mockservertest.Password)
	a := mockservertest.Start(t)
	ca := write(t, "ca.pem", string(a.CA))
	check := func(flags ...string) int {
		code, _, _ := call(t, append([]string{"check", a.URL, "--user", "admin", "--run", "common/ping"}, flags...)...)
		return code
	}
	require.Equal(t, 3, check())
	require.Equal(t, 0, check("--ca", ca))
	require.Equal(t, 0, check("--fingerprint", a.Fingerprint))
	require.Equal(t, 3, check("--fingerprint", "sha256:"+strings.Repeat("0", 64)))
	require.Equal(t, 0, check("--insecure"))
	require.Equal(t, 2, check("--insecure", "--ca", ca))
	require.Equal(t, 2, check("--ca", write(t, "empty.pem", "nothing")))
	t.Setenv("FLOWGATE_INSECURE", "true")
	require.Equal(t, 0, check())
	require.Equal(t, 3, check("--fingerprint", "sha256:"+strings.Repeat("0", 64)), "a flag wins over what it excludes in the environment")
}

func TestTheSerialNumberConfirmsARestore(t *testing.T) {
	u := plain(t, "")
	path := filepath.Join(t.TempDir(), "r.json")
	code, _, _ := call(t, "check", u, "--user", "admin", "--run", "common/info", "--json", path)
	require.Equal(t, 0, code)
	serial := reportOf(t, path)["target"].(map[string]any)["serial"].(string)
	code, out, complaints := call(t, "check", u, "--user", "admin", "--run", "restore/start/resource", "--allow", "destroy", "--confirm", serial, "--profile", "full")
	require.Equal(t, 0, code, "%s\n%s", out, complaints)
	require.Contains(t, out, "1 passed")
}

// reportOf reads the report of a run, which fits the schema that ships.
func reportOf(t *testing.T, path string) map[string]any {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(report.Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("report.json", schema))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(text, &v))
	require.NoError(t, c.MustCompile("report.json").Validate(v))
	return v
}

// TestNoSecretLeavesTheProgram gives a password in each way there is, lets everything be written that can be, and looks
// for it in all of it, in whatever encoding.
func TestNoSecretLeavesTheProgram(t *testing.T) {
	notShort(t)
	const secret = `Tr0ub4dor&3 "zürich"/\+%`
	appliance := mockservertest.Start(t, func(o *mockserver.Options) {
		o.PlainHTTP, o.JobDuration = true, 20*time.Millisecond
		o.Users = map[string]string{"operator": secret}
	})
	forms := []string{
		secret, base64.StdEncoding.EncodeToString([]byte("operator:" + secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
		url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`), "Tr0ub4dor",
	}
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	forms = append(forms, strings.Trim(string(quoted), `"`))
	for name, give := range map[string]func(t *testing.T) []string{
		"environment": func(t *testing.T) []string { t.Setenv("FLOWGATE_PASSWORD", secret); return nil },
		"file":        func(t *testing.T) []string { return []string{"--password-file", write(t, "p", secret+"\r\nrest")} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"check", appliance.URL, "--user", "operator", "--allow", "mutate", "--run", "backup/start", "--run", "backup/errors", "--verbose"}
			args = append(args, "--record", filepath.Join(dir, "record"))
			for _, o := range demoOutputs(dir).files {
				args = append(args, "--"+o.flag, filepath.Join(dir, o.flag+".out"))
			}
			code, out, complaints := call(t, append(args, give(t)...)...)
			require.Contains(t, []int{0, 4}, code, "%s\n%s", out, complaints)
			seen := map[string]string{"stdout": out, "stderr": complaints}
			require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				seen[path] = string(text)
				return err
			}))
			require.Greater(t, len(seen), 10)
			for where, text := range seen {
				for _, form := range forms {
					require.NotContains(t, text, form, where)
				}
			}
		})
	}
}

func TestARecordingIsJudgedLikeTheRun(t *testing.T) {
	notShort(t)
	u := plain(t, "backup/status-media-type-html")
	dir := t.TempDir()
	record, har := filepath.Join(dir, "record"), filepath.Join(dir, "x.har")
	live := filepath.Join(dir, "live.json")
	code, _, _ := call(t, "check", u, "--user", "admin", "--run", "backup/status", "--record", record, "--har", har, "--json", live)
	require.Equal(t, 0, code)
	want := verdicts(t, live)
	require.Equal(t, "warned", want["backup/status/media-type"])
	for _, from := range []string{record, har} {
		again := filepath.Join(dir, "again.json")
		code, out, complaints := call(t, "check", "--from", from, "--run", "backup/status", "--json", again)
		require.Equal(t, 0, code, "%s\n%s", out, complaints)
		require.Equal(t, want, verdicts(t, again), from)
	}
}

// verdicts are those of a report, of the checks below backup/status.
func verdicts(t *testing.T, path string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, c := range reportOf(t, path)["checks"].([]any) {
		c := c.(map[string]any)
		if id := c["id"].(string); strings.HasPrefix(id, "backup/status/") {
			out[id] = c["verdict"].(string)
		}
	}
	return out
}

func TestReplaySaysWhetherAFindingStillHolds(t *testing.T) {
	sick, well := plain(t, "backup/status-media-type-html"), plain(t, "")
	from := filepath.Join(t.TempDir(), "r.json")
	code, _, _ := call(t, "check", sick, "--user", "admin", "--run", "backup/status", "--json", from)
	require.Equal(t, 0, code)
	const id = "backup/status/media-type"
	code, out, _ := call(t, "check", "--replay", id, "--from", from, "--user", "admin")
	require.Equal(t, 0, code)
	require.Contains(t, out, id+" still holds: it was warned and is warned.")
	code, _, _ = call(t, "check", "--replay", id, "--from", from, "--user", "admin", "--strict")
	require.Equal(t, 1, code)
	code, out, _ = call(t, "check", well, "--replay", id, "--from", from, "--user", "admin", "--strict")
	require.Equal(t, 0, code)
	require.Contains(t, out, id+" no longer holds: it was warned and is pass.")
	code, _, complaints := call(t, "check", "--replay", "backup/status/media-typ", "--from", from, "--user", "admin")
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "did you mean "+id+"?")
	code, _, complaints = call(t, "check", "--replay", "backup/start/resource", "--from", from, "--user", "admin")
	require.Equal(t, 4, code)
	require.Contains(t, complaints, "--allow mutate")
}

func TestWhatIsLearntIsADialectOfTheMock(t *testing.T) {
	notShort(t)
	t.Setenv("FLOWGATE_PASSWORD", mockservertest.Password)
	appliance := mockservertest.Start(t, func(o *mockserver.Options) {
		o.PlainHTTP, o.JobDuration = true, 20*time.Millisecond
		o.Dialect = dialect.Dialect{dialect.UnknownPath: "plain"}
	})
	learnt := filepath.Join(t.TempDir(), "learnt.yaml")
	code, out, complaints := call(t, "check", appliance.URL, "--user", "admin", "--run", "common", "--run", "analytics/errors", "--learn", learnt)
	require.Equal(t, 0, code, "%s\n%s", out, complaints)
	d, err := readDialect([]string{learnt})
	require.NoError(t, err)
	require.Equal(t, "plain", d.Answer("unknown-path"))
}

func TestNothingIsSentWhereNothingShouldBe(t *testing.T) {
	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	for _, flags := range [][]string{{"--list"}, {"--dry-run"}, {"--dry-run", "--allow", "destroy"}, {"--list", "--allow", "mutate"}} {
		code, out, complaints := call(t, append([]string{"check", s.URL, "--user", "admin"}, flags...)...)
		require.Equal(t, 0, code, complaints)
		require.NotEmpty(t, out)
		require.False(t, asked)
	}
	_, observe, _ := call(t, "check", s.URL, "--dry-run")
	_, destroy, _ := call(t, "check", s.URL, "--dry-run", "--allow", "destroy")
	require.NotContains(t, observe, "# mutate")
	require.NotContains(t, observe, "# destroy")
	require.Contains(t, destroy, "# mutate: ")
	require.Contains(t, destroy, "# destroy: ")
	for line := range strings.Lines(observe) {
		require.True(t, strings.HasPrefix(line, "# observe: ") || !strings.HasPrefix(line, "#"), line)
	}
}

func TestAJobIsFollowedAsLongAsTheFlagSays(t *testing.T) {
	t.Setenv("FLOWGATE_PASSWORD", mockservertest.Password)
	appliance := mockservertest.Start(t, func(o *mockserver.Options) { o.PlainHTTP, o.JobDuration = true, time.Hour })
	path := filepath.Join(t.TempDir(), "r.json")
	code, out, _ := call(t, "check", appliance.URL, "--user", "admin", "--allow", "mutate", "--run", "backup/status/running/completed", "--job-timeout", "1ms", "--json", path)
	require.NotEqual(t, 0, code, out)
	for _, c := range reportOf(t, path)["checks"].([]any) {
		if c := c.(map[string]any); c["id"] == "backup/status/running/completed" {
			require.NotEqual(t, "pass", c["verdict"])
		}
	}
}

func TestTheRateBoundsRequests(t *testing.T) {
	u := plain(t, "")
	path := filepath.Join(t.TempDir(), "r.json")
	code, out, _ := call(t, "check", u, "--user", "admin", "--run", "common", "--rate", "50", "--json", path)
	require.Equal(t, 0, code, out)
	exchanges := reportOf(t, path)["exchanges"].([]any)
	require.Greater(t, len(exchanges), 2)
	first, last := startOf(t, exchanges[0]), startOf(t, exchanges[len(exchanges)-1])
	least := time.Duration(len(exchanges)-1) * time.Second / 50
	require.GreaterOrEqual(t, last.Sub(first), least*9/10, "%d requests at 50 a second", len(exchanges))
}

func startOf(t *testing.T, x any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, x.(map[string]any)["timings"].(map[string]any)["started"].(string))
	require.NoError(t, err)
	return at
}

func TestVerboseShowsWhatPassed(t *testing.T) {
	u := plain(t, "")
	_, brief, _ := call(t, "check", u, "--user", "admin", "--run", "backup/status/list")
	_, verbose, _ := call(t, "check", u, "--user", "admin", "--run", "backup/status/list", "--verbose")
	require.Greater(t, strings.Count(verbose, "backup/status/list"), strings.Count(brief, "backup/status/list"))
}

func TestAStoppedRunIsNoVerdict(t *testing.T) {
	u := plain(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, complaints strings.Builder
	code := run(ctx, []string{"check", u, "--user", "admin"}, strings.NewReader(""), &out, &complaints)
	require.Equal(t, 3, code)
	require.Contains(t, complaints.String(), "hint: ")
	require.NotContains(t, out.String(), "CONFORMANT")
}

func TestProgress(t *testing.T) {
	var b strings.Builder
	p := &progress{w: &b, tenth: -1}
	for i := range 40 {
		p.step(i, 40, "probe")
	}
	p.end()
	require.Equal(t, 10, strings.Count(b.String(), "\n"), "a pipe sees a plain line for each tenth")
	require.NotContains(t, b.String(), "\x1b")
	b.Reset()
	p = &progress{w: &b, live: true}
	p.step(3, 40, "probe")
	p.end()
	require.Equal(t, "\r\x1b[K3/40 probe\r\x1b[K", b.String(), "a terminal sees one line, which goes away")
	b.Reset()
	p.show(conformance.Progress{Done: 4, Total: 40, Probe: "next", Failed: []verdict.Check{{ID: "a/b", Reason: "expected x; got \x1b[31m\n" + strings.Repeat("y", 500)}}})
	require.Regexp(t, `^\r\x1b\[KFAILED a/b: expected x; got  \[31m y{130,140}…\n\r\x1b\[K4/40 next$`, b.String(), "a failure stays, and does not command the terminal")
}

// failing is a standard output that cannot be written.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func TestStandardOutputThatCannotBeWrittenIsThree(t *testing.T) {
	u := plain(t, "")
	for _, args := range [][]string{
		{"check", u, "--user", "admin", "--run", "common/ping"},
		{"check", "--list"},
		{"check", u, "--dry-run"},
		{"spec", "print"},
		{"spec", "requirements"},
		{"spec", "questions", "--format", "json"},
		{"version"},
		{"mock", "--listen", "127.0.0.1:0", "--plain-http"},
	} {
		var complaints strings.Builder
		require.Equal(t, 3, run(t.Context(), args, strings.NewReader(""), failing{}, &complaints), "%v", args)
		require.Contains(t, complaints.String(), "the pipe is closed", "%v", args)
	}
}
