package report_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

func TestMarkdown(t *testing.T) {
	golden(t, "sample.md", rendered(t, report.Markdown, sample()))
	golden(t, "calm.md", rendered(t, report.Markdown, calm()))
}

var tags = regexp.MustCompile(`</?(?:details|summary|code|sub|strong)>`)

// unfenced is text without its fenced blocks: as CommonMark has it, a block ends at the first line of nothing but
// backticks that are no fewer than those which opened it.
func unfenced(text string) string {
	var prose strings.Builder
	open := 0
	for l := range strings.Lines(text) {
		ticks := len(l) - len(strings.TrimLeft(l, "`"))
		switch {
		case open == 0 && ticks >= 3:
			open = ticks
		case open == 0:
			prose.WriteString(l)
		case ticks >= open && strings.TrimRight(l[ticks:], " \t\n") == "":
			open = 0
		}
	}
	return prose.String()
}

// Outside of fences only the renderer's own marks are left: no device can open a tag, a link, a cell or a mention.
func TestMarkdownEscapesWhatADeviceSays(t *testing.T) {
	said := rapid.OneOf(rapid.Just(hostile), rapid.Just("```"), rapid.Just("x\n`````\n```"), rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("`|<>[]()*_~#@\\&!\n -"))))
	rapid.Check(t, func(t *rapid.T) {
		r := calm()
		s := said.Draw(t, "said")
		r.Target.Model, r.Target.URL, r.Reason = s, s, s
		r.Dialect = map[string]string{s: s}
		for i := range r.Checks {
			c := &r.Checks[i]
			c.ID, c.Reason, c.Source.Section = s, s, s
			for k := range c.Findings {
				c.Findings[k].Want, c.Findings[k].Got = s, s
			}
		}
		for i := range r.Exchanges {
			x := &r.Exchanges[i]
			x.Request.URL, x.Error, x.Response.Body, x.Curl = s, s, s, s
		}
		var out strings.Builder
		require.NoError(t, report.Markdown(&out, r))
		prose := unfenced(out.String())
		for _, c := range prose {
			require.True(t, unicode.IsPrint(c) || c == '\n' || c == '\uFE0F', "%q", c)
		}
		for l := range strings.Lines(tags.ReplaceAllString(prose, "")) {
			if strings.HasPrefix(l, "|") {
				cells := strings.Count(l, "|") - 1
				require.Contains(t, []int{2, 3, 5}, cells, l)
			} else {
				require.NotContains(t, l, "|")
			}
			for _, mark := range []string{"<", ">", "`", "[", "]", "@", "\\", "_", "~"} {
				require.NotContains(t, l, mark)
			}
		}
	})
}

// No line of what is shown closes the fence around it.
func TestFencesHoldWhatTheyShow(t *testing.T) {
	r := calm()
	for _, body := range []string{"```", "````\n```", "``\n```\n`````"} {
		r.Exchanges[0].Response.Body = body
		text := string(rendered(t, report.Markdown, r))
		block := regexp.MustCompile("(?ms)^(`{3,})http\nGET.*?</details>").FindStringSubmatch(text)
		require.NotEmpty(t, block)
		require.Greater(t, len(block[1]), strings.Count(body[strings.LastIndex(body, "\n")+1:], "`"))
		require.Contains(t, text, "\n"+body+"\n")
		for l := range strings.Lines(body) {
			require.Less(t, len(strings.TrimSpace(l)), len(block[1]))
		}
	}
}

// GitHub drops what is too large; ours says how much it left out.
func TestMarkdownHasALimit(t *testing.T) {
	r := many(400)
	r.Dialect = map[string]string{}
	for range 100 {
		r.Dialect["q"+strings.Repeat("|", len(r.Dialect))] = strings.Repeat("*", 1000)
	}
	text := string(rendered(t, report.Markdown, r))
	require.Less(t, len(text), 512<<10)
	require.Greater(t, len(text), 300<<10)
	require.Regexp(t, `\nand \d+ more checks\n`, text)
	require.Regexp(t, `The exchanges of \d+ more checks are in`, text)
	require.Equal(t, strings.Count(text, "<details>"), strings.Count(text, "</details>"))

	few := string(rendered(t, report.Markdown, calm()))
	require.NotContains(t, few, "more check")
	require.Contains(t, few, curlBody, "the line that repeats a failure is whole")
}

func TestMarkdownSaysTheVerdictFirst(t *testing.T) {
	for v, want := range map[verdict.Overall]string{
		verdict.Conformant: "## ✅ flowgate: conformant\n", verdict.NotConformant: "## ❌ flowgate: not conformant\n",
		verdict.Incomplete: "## ⚠️ flowgate: incomplete\n", verdict.BrokenRun: "## 💥 flowgate: broken\n",
	} {
		r := calm()
		r.Verdict = v
		require.Contains(t, string(rendered(t, report.Markdown, r))[:60], want)
	}
}

// What is cut is counted, and what is shown once is not shown again.
func TestMarkdownCutsLongMessages(t *testing.T) {
	r := calm()
	x := &r.Exchanges[0]
	x.Response.Body = strings.Repeat("b\r\n", 1000)
	x.Response.Headers = nil
	for range 25 {
		x.Response.Headers = append(x.Response.Headers, [2]string{"X-Many", "v"})
	}
	r.Checks = r.Checks[1:2]
	r.Checks[0].Findings = append(r.Checks[0].Findings[:1], r.Checks[0].Findings[0])
	text := string(rendered(t, report.Markdown, r))
	require.Contains(t, text, "... (71500 more bytes not shown)\n", "70000 that the report lacks, and 1500 that it has")
	require.Contains(t, text, "b\nb\n")
	require.NotContains(t, text, `\r`)
	require.Equal(t, 20, strings.Count(text, "X-Many"))
	require.Contains(t, text, "...: 5 more headers\n")
	require.Equal(t, 1, strings.Count(text, curlBody))

	x.Curl = "curl " + strings.Repeat("a", 4000)
	text = string(rendered(t, report.Markdown, r))
	require.Contains(t, text, "```sh\n# too long to be shown whole")
	require.NotContains(t, text, x.Curl)
}
