package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// failure ends a command: an exit code, what happened, and what to do about it.
type failure struct {
	code int
	err  error  // nil where all has been said and only the code is left
	hint string // "" where there is nothing to add
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// print writes the failure for people. The errors of packages may bring a hint of their own; here it gets a line.
func (f *failure) print(w io.Writer) {
	if f.err == nil {
		return
	}
	text, hint := f.err.Error(), f.hint
	for _, form := range [...]struct{ begin, end string }{{" (hint: ", ")"}, {"; hint: ", ""}} {
		at := strings.LastIndex(text, form.begin)
		if at < 0 || !strings.HasSuffix(text, form.end) {
			continue
		}
		if hint == "" {
			hint = strings.TrimSuffix(text[at+len(form.begin):], form.end)
		}
		text = text[:at]
	}
	fmt.Fprintf(w, "flowgate: %s\n", text)
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}

// wrong says that the command line, or a file that it names, is wrong.
func wrong(hint, format string, args ...any) error {
	return &failure{code: verdict.ExitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// broken says that the harness, or what it depends on, failed.
func broken(hint, format string, args ...any) error {
	return &failure{code: verdict.ExitUnreachable, err: fmt.Errorf(format, args...), hint: hint}
}

// secretFlags never show their value in a message.
var secretFlags = [...]string{"user"}

// flagError says in plain words what pflag found.
func flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help lists the flags"
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return wrong(help, "unknown flag -%s of %s", name, cmd.CommandPath())
		}
		return wrong(unknownFlagHint(cmd, name, help), "unknown flag --%s of %s", name, cmd.CommandPath())
	case errors.As(err, &empty):
		return wrong(help, "--%s needs a value", empty.GetSpecifiedName())
	case errors.As(err, &invalid):
		return invalidValue(invalid.GetFlag(), invalid.GetValue(), "--"+invalid.GetFlag().Name, invalid.Unwrap())
	}
	return wrong(help, "%w", err)
}

func unknownFlagHint(cmd *cobra.Command, name, help string) string {
	if name == "password" && cmd.Flags().Lookup("password-file") != nil {
		return "a password is never given on the command line: use FLOWGATE_PASSWORD or --password-file, or wait for the prompt"
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		return "did you mean --" + near + "?"
	}
	return help
}

// invalidValue says that a flag has a value that it cannot have; origin is the flag or the variable it came from.
func invalidValue(f *pflag.Flag, value, origin string, cause error) error {
	if slices.Contains(secretFlags[:], f.Name) {
		return wrong(f.Usage, "%s cannot have this value", origin)
	}
	expected := map[string]string{
		"uint64": "a whole number, 0 or more", "int": "a whole number", "float64": "a number",
		"duration": "a duration such as 30s or 5m", "bool": "true or false",
	}[f.Value.Type()]
	if expected == "" {
		return wrong("", "%s is %q (%w)", origin, value, cause)
	}
	return wrong("", "%s is %q (expected %s)", origin, value, expected)
}

// nearest is the candidate that a misspelt word was probably meant to be, or "".
func nearest(word string, candidates []string) string {
	best, least := "", 3
	for _, c := range candidates {
		d := distance(word, c)
		if strings.HasPrefix(c, word) && len(word) > 2 {
			d = 1
		}
		if d < least && d < len(word) {
			best, least = c, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters to put in, take out or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
