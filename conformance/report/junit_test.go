package report_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// node is any element: the tests read what a stranger would read, not what the renderer declares.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n node) all(name string) []node {
	var out []node
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			out = append(out, c)
		}
		out = append(out, c.all(name)...)
	}
	return out
}

func readXML(t *testing.T, text []byte) node {
	t.Helper()
	var n node
	require.NoError(t, xml.Unmarshal(text, &n))
	return n
}

// cases are the names of the test cases that have such an element.
func cases(root node, element string) []string {
	out := []string{}
	for _, c := range root.all("testcase") {
		if len(c.all(element)) > 0 {
			out = append(out, c.attr("name"))
		}
	}
	return out
}

func TestJUnit(t *testing.T) {
	r := sample()
	r.Harness.Commit = ""
	text := rendered(t, report.JUnit, r)
	golden(t, "sample.junit.xml", text)
	root := readXML(t, text)
	require.Equal(t, []string{"analytics/response/type-a/peak-n-flows"}, cases(root, "failure"))
	require.Equal(t, []string{"run", "backup/status/last-successful"}, cases(root, "error"))
	require.Equal(t, []string{"backup/status/running/host", "backup/start/hostname/unreachable", "restore/status/error", "restore/start/no-cert/effect"}, cases(root, "skipped"))
	require.Equal(t, []string{"analytics/response/type-b/time/form", "analytics/a-requirement/of-another-version", "analytics/request/type-c/body-form"}, cases(root, "system-out"))
	for _, s := range root.all("skipped") {
		require.NotEmpty(t, s.attr("message"))
	}
	require.Contains(t, root.all("failure")[0].Text, curlBody)
	require.Contains(t, root.all("skipped")[0].attr("message"), "waived: known as BUG-7 <until> 6.2 (failed: ")
	properties := map[string]string{}
	for _, p := range root.all("testsuite")[0].all("property") {
		properties[p.attr("name")] = p.attr("value")
	}
	for name, value := range properties {
		require.NotEmpty(t, value, name)
	}
	require.Equal(t, "https://192.0.2.7", properties["device.url"])
	require.Equal(t, "6.1 (build `7`)", properties["device.version"])
	require.Equal(t, "18446744073709551615", properties["run.seed"])
	require.Equal(t, "+05:30", properties["dialect.template-b-zone"])
}

// Readers trust the counts: they are those of the elements, whatever the verdicts.
func TestJUnitCountsItsElements(t *testing.T) {
	broken := calm()
	broken.Checks, broken.Verdict, broken.Reason = nil, verdict.BrokenRun, "https://192.0.2.7 could not be reached"
	incomplete := calm()
	incomplete.Checks, incomplete.Verdict, incomplete.Reason = incomplete.Checks[:1], verdict.Incomplete, "a required part did not run"
	for name, r := range map[string]*verdict.Report{"sample": sample(), "calm": calm(), "unreachable": broken, "incomplete": incomplete} {
		root := readXML(t, rendered(t, report.JUnit, r))
		for _, n := range append(root.all("testsuite"), root) {
			for attr, element := range map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"} {
				require.Equal(t, strconv.Itoa(len(n.all(element))), n.attr(attr), "%s: %s of %s", name, attr, n.XMLName.Local)
			}
		}
		require.GreaterOrEqual(t, len(root.all("testcase")), len(r.Checks), name)
	}
	require.Equal(t, []string{"run"}, cases(readXML(t, rendered(t, report.JUnit, broken)), "error"), "an unreachable device is never green")
	require.Equal(t, []string{"run"}, cases(readXML(t, rendered(t, report.JUnit, incomplete)), "skipped"))
	require.Len(t, readXML(t, rendered(t, report.JUnit, calm())).all("testcase"), len(calm().Checks))
}

// XML has no way to write most control characters, and a reader refuses the file that tries.
func TestJUnitHasNoControlCharacters(t *testing.T) {
	text := string(rendered(t, report.JUnit, sample()))
	for _, c := range text {
		require.True(t, unicode.IsPrint(c) || c == '\n' || c == '\t', "%q", c)
	}
	require.NotContains(t, text, "\uFFFD", "what the device said is shown, not lost")
	require.NotContains(t, strings.ToLower(text), "&#x1b")
	path := filepath.Join(t.TempDir(), "junit.xml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	xmllint(t, path)
}

func xmllint(t *testing.T, path string) {
	t.Helper()
	bin, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is required in CI: apt-get install libxml2-utils")
		}
		t.Skip("xmllint is not installed (libxml2-utils)")
	}
	out, err := exec.CommandContext(t.Context(), bin, "--noout", "--nonet", path).CombinedOutput() //nolint:gosec // a file of this test
	require.NoError(t, err, "%s", out)
}
