package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// elements are a page's, as a browser reads them.
func elements(t require.TestingT, page []byte) []*html.Node {
	root, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func value(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return out.String()
}

// classed are the elements of a class.
func classed(nodes []*html.Node, class string) []*html.Node {
	var out []*html.Node
	for _, n := range nodes {
		if slices.Contains(strings.Fields(value(n, "class")), class) {
			out = append(out, n)
		}
	}
	return out
}

func only(t *testing.T, nodes []*html.Node, tag string) *html.Node {
	t.Helper()
	var found *html.Node
	for _, n := range nodes {
		if n.Data == tag {
			require.Nil(t, found, "more than one %s", tag)
			found = n
		}
	}
	require.NotNil(t, found, tag)
	return found
}

// policy matches the hashes of style and script, which change with both.
var policy = regexp.MustCompile(`sha256-.{20,}?&#39;`)

func TestHTML(t *testing.T) {
	page := rendered(t, report.HTML, sample())
	nodes := elements(t, page)
	shown := strings.NewReplacer(content(only(t, nodes, "style")), "page.css", content(only(t, nodes, "script")), "page.js").Replace(string(page))
	golden(t, "sample.html", []byte(policy.ReplaceAllString(shown, "sha256-HASH&#39;")))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// The policy names the one style and the one script, and nothing in the page asks for anything else.
func TestThePageLoadsNothing(t *testing.T) {
	nodes := elements(t, rendered(t, report.HTML, sample()))
	style, script := content(only(t, nodes, "style")), content(only(t, nodes, "script"))
	require.NotEmpty(t, style)
	require.NotEmpty(t, script)
	policies := 0
	for _, n := range nodes {
		require.NotContains(t, []string{"link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "image", "use"}, n.Data)
		if value(n, "http-equiv") == "Content-Security-Policy" {
			policies++
			require.Equal(t, "default-src 'none'; script-src "+hash(script)+"; style-src "+hash(style)+"; base-uri 'none'; form-action 'none'", value(n, "content"))
		}
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on"), "%s of %s", a.Key, n.Data)
			require.NotContains(t, []string{"src", "srcset", "style", "action", "background", "data", "poster", "ping"}, a.Key, n.Data)
			if a.Key == "href" {
				require.True(t, strings.HasPrefix(a.Val, "#"), a.Val)
			}
		}
	}
	require.Equal(t, 1, policies)
	for _, way := range []string{"url(", "@import", "@font-face", "//", "fetch", "XMLHttp", "innerHTML", "eval"} {
		require.NotContains(t, style, way)
		if way != "//" {
			require.NotContains(t, script, way)
		}
	}
}

// said is the calm report in which a device says s wherever it can.
func said(s string) *verdict.Report {
	r := calm()
	r.Target = verdict.Target{URL: s, Model: s, Serial: s, Version: s, Fingerprint: s, Claims: []string{s}}
	r.Reason, r.Hint, r.Harness.Version, r.Run.ID = s, s, s, s
	r.Dialect = map[string]string{s: s}
	r.Waivers[1] = verdict.WaiverNote{Check: "**", State: verdict.Applied, Reason: s}
	r.Waivers = append(r.Waivers, verdict.WaiverNote{Check: s, State: s, Reason: s})
	for i := range r.Checks {
		c := &r.Checks[i]
		c.ID, c.Requirement, c.Reason, c.Hazard, c.Source.Section, c.Source.Field = c.ID+s, s, s, s, s, s
		for k := range c.Findings {
			c.Findings[k].Want, c.Findings[k].Got = s, s
		}
	}
	for i := range r.Exchanges {
		x := &r.Exchanges[i]
		x.Probe, x.Error, x.Curl, x.Request.URL, x.Request.Method, x.Response.Body = s, s, s, s, s, s
		x.Response.Headers = [][2]string{{s, s}}
	}
	return r
}

func skeleton(t require.TestingT, r *verdict.Report) string {
	var page bytes.Buffer
	require.NoError(t, report.HTML(&page, r))
	var out strings.Builder
	for _, n := range elements(t, page.Bytes()) {
		fmt.Fprintf(&out, "%s", n.Data)
		for _, a := range n.Attr {
			fmt.Fprintf(&out, " %s", a.Key)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// Whatever a device says, the page has the same elements with the same attributes as if it had said "x".
func TestNothingThatADeviceSaysIsMarkup(t *testing.T) {
	calm := skeleton(t, said("x"))
	text := rapid.OneOf(
		rapid.Just(hostile), rapid.SampledFrom([]string{"</style>", "</script><script>", "\"onload=x ", "'", "<!--", "</title>", "javascript:alert(1)", "{{.}}", "&lt;", "\x00<b", "</pre></details>"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("<>&\"'`=/ \n\x00-!{}")), 1, 20, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "said")
		require.Equal(t, calm, skeleton(t, said(s)))
	})
}

func TestEveryCheckAndExchangeIsOnThePage(t *testing.T) {
	r := sample()
	nodes := elements(t, rendered(t, report.HTML, r))
	ids := map[string]*html.Node{}
	for _, n := range nodes {
		if id := value(n, "id"); id != "" {
			require.Nil(t, ids[id], "%s is there twice", id)
			ids[id] = n
		}
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		n := ids["check-"+c.ID]
		require.NotNil(t, n, c.ID)
		word := c.Verdict.String()
		if c.Waived {
			word = "waived"
		}
		require.Equal(t, word, value(n, "data-word"))
		require.Equal(t, string(c.Source.Document), value(n, "data-document"))
		require.Contains(t, content(n), c.Source.Section)
		require.Equal(t, word == "failed" || word == "broken", slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "open" }), "%s is open", c.ID)
	}
	for i := range r.Exchanges {
		n := ids["exchange-"+r.Exchanges[i].ID]
		require.NotNil(t, n)
		require.Contains(t, content(n), r.Exchanges[i].Curl)
	}
	links := classed(nodes, "see")
	require.Len(t, links, 8)
	for _, n := range links {
		if n.Data == "a" {
			target, err := url.PathUnescape(strings.TrimPrefix(value(n, "href"), "#"))
			require.NoError(t, err)
			require.NotNil(t, ids[target], target)
		} else {
			require.Equal(t, "x9999 is not in this report", content(n))
		}
	}
	require.Len(t, classed(nodes, "gaps"), 2)
}

// A long list of failures is a list and not a wall of evidence.
func TestManyFailuresAreClosed(t *testing.T) {
	for n, want := range map[int]string{20: "20 open", 21: "0 open"} {
		open := 0
		for _, c := range classed(elements(t, rendered(t, report.HTML, many(n))), "check") {
			if slices.ContainsFunc(c.Attr, func(a html.Attribute) bool { return a.Key == "open" }) {
				open++
			}
		}
		require.Equal(t, want, fmt.Sprintf("%d open", open))
	}
}

// The ring and the filters tell the summary.
func TestTheRingIsTheSummary(t *testing.T) {
	r := sample()
	nodes := elements(t, rendered(t, report.HTML, r))
	at := 0.0
	for _, n := range classed(nodes, "arc") {
		offset, err := strconv.ParseFloat(value(n, "stroke-dashoffset"), 64)
		require.NoError(t, err)
		require.InDelta(t, -at, offset, 0.01)
		length, err := strconv.ParseFloat(strings.TrimSuffix(value(n, "stroke-dasharray"), " 100"), 64)
		require.NoError(t, err)
		count, _, _ := strings.Cut(strings.TrimSpace(content(n)), " ")
		require.Equal(t, fmt.Sprintf("%.3f", length), fmt.Sprintf("%.3f", 10*must(strconv.ParseFloat(count, 64))))
		at += length
	}
	require.InDelta(t, 100, at, 0.01)
	chips := 0
	for _, n := range classed(nodes, "chip") {
		fields := strings.Fields(content(n))
		n, err := strconv.Atoi(fields[len(fields)-1])
		require.NoError(t, err)
		chips += n
	}
	require.Equal(t, 2*len(r.Checks), chips, "once by verdict, once by document")

	nothing := elements(t, rendered(t, report.HTML, &verdict.Report{Verdict: verdict.Incomplete}))
	require.Empty(t, classed(nothing, "arc"))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
