package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var longFlag = regexp.MustCompile(`--[a-z][a-z0-9-]*`)

// flagsOf are the flags that the help of some commands lists.
func flagsOf(t *testing.T, commands ...string) []string {
	t.Helper()
	var out []string
	for _, c := range commands {
		code, help, complaints := call(t, append(strings.Fields(c), "--help")...)
		require.Equal(t, 0, code, "flowgate %s: %s", c, complaints)
		require.Contains(t, help, "Usage:\n  flowgate "+c, "there is no flowgate %s", c)
		out = append(out, longFlag.FindAllString(help, -1)...)
	}
	return out
}

// TestTablesListNoFlagThatThereIsNot is the other way round of TestEveryFlagStandsOnItsPage.
func TestTablesListNoFlagThatThereIsNot(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `(--[^`]+)`")
	for page, commands := range map[string][]string{
		"mock": {"mock"}, "access": {"mock"}, "check": {"check"}, "selftest": {"selftest"}, "target": {"target"},
		"flows": {"flows send", "flows stats", "flows plot"},
	} {
		text, err := os.ReadFile(filepath.Join(rootFolder(t), "docs", page+".md"))
		require.NoError(t, err)
		rows := row.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, rows, page)
		known := flagsOf(t, commands...)
		for _, m := range rows {
			require.Subset(t, known, longFlag.FindAllString(m[1], -1), "%s.md", page)
		}
	}
}

// TestCommandLinesOfPagesHaveTheirFlags reads what pages show of commands without running it, in text and in blocks: the
// command is one, and has the flags. What stands in console blocks is run.
func TestCommandLinesOfPagesHaveTheirFlags(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(rootFolder(t), "docs", "*.md"))
	require.NoError(t, err)
	span := regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```|`(flowgate [^`]+)`")
	command := regexp.MustCompile(`^(?:flows |spec )?[a-z]+`)
	seen := 0
	for _, page := range append(pages, filepath.Join(rootFolder(t), "README.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range span.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "" && m[1] != "sh" {
				continue
			}
			for _, line := range strings.Split(m[2]+m[3], "flowgate ")[1:] {
				seen++
				known := flagsOf(t, command.FindString(line))
				for _, flag := range longFlag.FindAllString(line, -1) {
					require.Contains(t, known, flag, "%s: flowgate %s", filepath.Base(page), line)
				}
			}
		}
	}
	require.Greater(t, seen, 15)
}
