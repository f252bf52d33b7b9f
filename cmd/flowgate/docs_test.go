package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/fools"
)

// command is one line that a page shows after a dollar sign, with what the page says that it prints.
type command struct {
	line string
	code int
	want []string
}

var exitCode = regexp.MustCompile(` # exit code (\d)$`)

// commands reads the console blocks of a page. A line that ends in a backslash goes on in the next.
func commands(page string) []command {
	var out []command
	inside := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case strings.HasPrefix(line, "$ "):
			c := command{line: line[2:]}
			if m := exitCode.FindStringSubmatch(c.line); m != nil {
				c.line, c.code = strings.TrimSuffix(c.line, m[0]), int(m[1][0]-'0')
			}
			out = append(out, c)
		case len(out) > 0 && line != "":
			out[len(out)-1].want = append(out[len(out)-1].want, line)
		}
	}
	return out
}

// TestWhatThePagesShow runs every command that a page shows and compares what it prints. "…" in a page stands for
// anything; a mock runs until the end of its page. Ports 8443, 8444 and 8445 of a page are free ones here.
func TestWhatThePagesShow(t *testing.T) {
	notShort(t)
	requireCurl(t)
	pages, err := filepath.Glob(filepath.Join(rootFolder(t), "docs", "*.md"))
	require.NoError(t, err)
	pages = append(pages, filepath.Join(rootFolder(t), "README.md"))
	shown := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		list := commands(string(text))
		shown += len(list)
		if len(list) == 0 {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			s := &shell{
				dir:   t.TempDir(),
				ports: strings.NewReplacer("8443", freePort(t), "8444", freePort(t), "8445", freePort(t), "go run ./cmd/flowgate", "flowgate"),
			}
			for _, c := range list {
				s.run(t, c)
			}
		})
	}
	require.Greater(t, shown, 15)
}

// shell is where the commands of one page run.
type shell struct {
	dir     string
	ports   *strings.Replacer
	exports []string
}

func (s *shell) run(t *testing.T, c command) {
	t.Helper()
	line := s.ports.Replace(c.line)
	if name, export := strings.CutPrefix(line, "export "); export {
		s.exports = append(s.exports, name)
		return
	}
	var printed string
	if rest, mock := strings.CutPrefix(line, "flowgate mock "); mock {
		printed = s.mock(t, rest)
	} else {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-c", line)
		cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.exports...)
		out, err := cmd.CombinedOutput()
		printed = string(out)
		code := 0
		if err != nil {
			require.NotNil(t, cmd.ProcessState, "%s: %v", line, err)
			code = cmd.ProcessState.ExitCode()
		}
		require.Equal(t, c.code, code, "%s\n%s", line, printed)
	}
	rest := strings.Split(printed, "\n")
	for _, want := range c.want {
		want = s.ports.Replace(want)
		if want == "…" {
			continue
		}
		at := slices.IndexFunc(rest, func(line string) bool { return like(want, line) })
		require.GreaterOrEqual(t, at, 0, "%s\ndoes not print, or not in this order:\n%s\nIt prints:\n%s", line, want, printed)
		rest = rest[at+1:]
	}
}

// mock starts a mock that ends with the test, and returns its first line.
func (s *shell) mock(t *testing.T, args string) string {
	t.Helper()
	if !strings.Contains(args, "--listen") {
		args += s.ports.Replace(" --listen 127.0.0.1:8443") // the default
	}
	cmd := exec.Command("flowgate", append([]string{"mock"}, strings.Fields(args)...)...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "TMPDIR="+s.dir)
	line := startMock(t, cmd).line
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "a mock ends with 0 at SIGTERM")
	})
	return line
}

// like reports that a line is as a page shows it: "…" stands for anything, runs of spaces for any.
func like(page, line string) bool {
	var parts []string
	for part := range strings.SplitSeq(page, "…") {
		parts = append(parts, strings.ReplaceAll(regexp.QuoteMeta(part), " ", `\s+`))
	}
	return regexp.MustCompile(`^\s*` + strings.ReplaceAll(strings.Join(parts, ".*"), `\s+\s+`, `\s+`) + `\s*$`).MatchString(line)
}

// TestPagesNameWhatThereIs looks up the targets of make, and the pages, that pages name.
func TestPagesNameWhatThereIs(t *testing.T) {
	root := rootFolder(t)
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
			require.Regexp(t, `(?m)^`+m[1]+`:`, string(makefile), "%s names make %s", page, m[1])
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			require.FileExists(t, follow(filepath.Join(filepath.Dir(page), m[1])), "%s links to %s", page, m[1])
		}
	}
}

// follow turns a folder into a file that must be in it.
func follow(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, "0001-common-subset.md")
	}
	return path
}

// TestEveryFlagStandsOnItsPage reads the pages of the commands: what can be given is told.
func TestEveryFlagStandsOnItsPage(t *testing.T) {
	for _, name := range []string{"mock", "check", "selftest", "demo", "target"} {
		page, err := os.ReadFile(filepath.Join(rootFolder(t), "docs", name+".md"))
		require.NoError(t, err)
		_, help, _ := call(t, name, "--help")
		for _, m := range regexp.MustCompile(`--([a-z-]+)`).FindAllString(help, -1) {
			if m != "--help" {
				require.Contains(t, string(page), m, "%s.md", name)
			}
		}
	}
}

// TestTheMapOfTheReadme follows each row of the README's table from the requirement to the line of the report: the fool
// breaks the requirement, and the report says so.
func TestTheMapOfTheReadme(t *testing.T) {
	notShort(t)
	text, err := os.ReadFile(filepath.Join(rootFolder(t), "README.md"))
	require.NoError(t, err)
	suite, err := filepath.Glob(filepath.Join(rootFolder(t), "conformance", "rules", "*.go"))
	require.NoError(t, err)
	var rules strings.Builder
	for _, file := range suite {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		rules.Write(source)
	}
	rows := regexp.MustCompile("(?m)^\\|.*\\| `([a-z/-]+)` \\| `rules\\.(\\w+)` \\| `([a-z/-]+)` \\| `(\\w+) ([a-z/-]+)` \\|$").FindAllStringSubmatch(string(text), -1)
	require.GreaterOrEqual(t, len(rows), 5)
	for _, row := range rows {
		requirement, rule, name, word, id := row[1], row[2], row[3], row[4], row[5]
		t.Run(requirement, func(t *testing.T) {
			fool, ok := fools.Find(name)
			require.True(t, ok, name)
			require.Equal(t, requirement, fool.Requirement)
			require.True(t, strings.Contains(rules.String(), "\nfunc "+rule+"("), "there is no rules.%s", rule)
			path := filepath.Join(t.TempDir(), "r.json")
			code, out, _ := call(t, "check", plain(t, name), "--user", "admin", "--run", requirement, "--json", path)
			require.Equal(t, 1, code, out)
			var got []string
			for _, c := range reportOf(t, path)["checks"].([]any) {
				c := c.(map[string]any)
				if c["id"] == id {
					got = append(got, c["verdict"].(string))
				}
			}
			require.Equal(t, []string{word}, got)
			require.Contains(t, out, id)
		})
	}
}

// requireCurl skips a test where curl is missing, except in CI.
func requireCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not installed")
		}
		t.Skip("curl is not installed")
	}
}
