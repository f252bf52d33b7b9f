package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/cmd/flowgate/internal/specdiff"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

func (a *app) spec() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spec",
		Short: "Print what the documents promise: OpenAPI, requirements, open questions",
	}
	cmd.AddCommand(a.specPrint(), a.specRequirements(), a.specQuestions(), a.specDiff(), a.specImport())
	group(cmd)
	return cmd
}

func (a *app) specPrint() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Print the OpenAPI document",
		Args:  arguments(),
	}
	format := choose(cmd, "format", "of the document", "yaml", "json")
	version := choose(cmd, "openapi", "version of OpenAPI; only in 3.1 can a GET have a body", "3.1", "3.0")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write to, instead of standard output")
	cmd.RunE = func(*cobra.Command, []string) error {
		text := openapi.Text(map[string]string{"3.0": openapi.Version30, "3.1": openapi.Version31}[version.value])
		if format.value == "json" {
			var err error
			if text, err = openapi.Convert(text); err != nil {
				return broken("", "%w", err)
			}
		}
		return a.deliver("--output", output, text)
	}
	return cmd
}

// deliver writes a result to a file, or to standard output where none is named.
func (a *app) deliver(flag, path string, text []byte) error {
	return a.deliverTo(flag, path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// deliverTo is deliver for a result that writes itself.
func (a *app) deliverTo(flag, path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		if err := write(a.out); err != nil {
			return broken("", "standard output cannot be written: %w", err)
		}
		return nil
	}
	if err := writeFile(path, write); err != nil {
		return broken("", "%s %s: %w", flag, path, err)
	}
	return nil
}

func (a *app) specRequirements() *cobra.Command {
	var output string
	var specs []string
	cmd := &cobra.Command{
		Use:   "requirements",
		Short: "List every promise of the documents, and the checks that judge it",
		Args:  arguments(),
	}
	format := choose(cmd, "format", "of the list", "md", "json")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write to, instead of standard output")
	cmd.Flags().StringArrayVar(&specs, "spec", nil, "`FILE` with the OpenAPI document of a further service, whose promises are listed as well; may be repeated")
	cmd.RunE = func(*cobra.Command, []string) error {
		further, err := readSpecs(specs)
		if err != nil {
			return err
		}
		list, err := requirements(further)
		if err != nil {
			return err
		}
		if format.value == "md" {
			return a.deliver("--output", output, requirementsMarkdown(list))
		}
		return a.deliverJSON(output, list)
	}
	return cmd
}

func (a *app) deliverJSON(output string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return broken("", "the list cannot be written: %w", err)
	}
	return a.deliver("--output", output, b.Bytes())
}

// question is an open question as JSON.
type question struct {
	Key     string           `json:"key"`
	Ask     string           `json:"ask"`
	Why     string           `json:"why"`
	Default string           `json:"default"`
	Form    string           `json:"form,omitempty"`    // where any text of a form is an answer too
	Pattern string           `json:"pattern,omitempty"` // the form as a regular expression
	Answers []questionAnswer `json:"answers"`
}

type questionAnswer struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
}

func (a *app) specQuestions() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "questions",
		Short: "List the questions that the documents leave open, and their lawful answers",
		Args:  arguments(),
	}
	format := choose(cmd, "format", "of the list", "md", "json")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write to, instead of standard output")
	cmd.RunE = func(*cobra.Command, []string) error {
		var list []question
		for _, q := range dialect.Questions() {
			x := question{Key: string(q.Key), Ask: q.Ask, Why: q.Why, Default: q.Default(), Form: q.Form, Pattern: q.Pattern}
			for _, answer := range q.Answers {
				x.Answers = append(x.Answers, questionAnswer(answer))
			}
			list = append(list, x)
		}
		if format.value == "md" {
			return a.deliver("--output", output, questionsMarkdown(list))
		}
		return a.deliverJSON(output, list)
	}
	return cmd
}

func questionsMarkdown(list []question) []byte {
	var b bytes.Buffer
	b.WriteString("# Open questions\n\nWhere the documents are silent or contradict themselves, each of these answers is lawful; the first is the default of\n" +
		"`flowgate mock`, and `--dialect KEY=ANSWER` gives another. `flowgate check` accepts them all and reports the one it saw.\n")
	for _, q := range list {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nLeft open by: %s.\n\n", q.Key, q.Ask, q.Why)
		for _, answer := range q.Answers {
			fmt.Fprintf(&b, "* `%s`: %s\n", answer.Name, answer.Meaning)
		}
		if q.Form != "" {
			fmt.Fprintf(&b, "* %s\n", q.Form)
		}
	}
	return b.Bytes()
}

func (a *app) specDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two OpenAPI documents by what they promise; exit code 1 where they differ",
		Args:  arguments("the first document", "the second document"),
		RunE: func(_ *cobra.Command, args []string) error {
			var texts [2][]byte
			for i, path := range args {
				var err error
				if texts[i], err = os.ReadFile(path); err != nil {
					return wrong("", "%w", err)
				}
			}
			changes, err := specdiff.Compare(texts[0], texts[1])
			if err != nil {
				return wrong("flowgate spec print writes a document that can be compared", "%s and %s: %w", args[0], args[1], err)
			}
			var b strings.Builder
			for _, c := range changes {
				fmt.Fprintln(&b, c)
			}
			if err := a.deliver("", "", []byte(b.String())); err != nil {
				return err
			}
			if len(changes) > 0 {
				return &failure{code: verdict.ExitNotConformant}
			}
			return nil
		},
	}
}
