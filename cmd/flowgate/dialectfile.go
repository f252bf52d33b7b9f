package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// readDialect reads what --dialect was given: KEY=VALUE, or files of such answers. A later answer wins.
func readDialect(given []string) (dialect.Dialect, error) {
	d := dialect.Dialect{}
	for _, g := range given {
		if key, value, ok := strings.Cut(g, "="); ok {
			if err := answer(d, key, value); err != nil {
				return nil, wrong(questionHint(key), "--dialect %s: %w", g, err)
			}
			continue
		}
		text, err := readFile("--dialect", g)
		if err != nil {
			return nil, err
		}
		if err := parseDialect(d, text); err != nil {
			return nil, wrong("a line is such as start-status: 202; flowgate spec questions lists the questions", "--dialect: %s: %w", g, err)
		}
	}
	return d, nil
}

// parseDialect reads a YAML mapping of questions to answers; JSON is one too.
func parseDialect(d dialect.Dialect, text []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("is no YAML: %w", err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	m := doc.Content[0]
	if m.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected a mapping of questions to answers", m.Line)
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		if value.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: the answer to %s is no plain value", value.Line, key.Value)
		}
		if err := answer(d, key.Value, value.Value); err != nil {
			return fmt.Errorf("line %d: %w", key.Line, err)
		}
	}
	return nil
}

func answer(d dialect.Dialect, key, value string) error { return d.Set(dialect.Key(key), value) }

func questionHint(key string) string {
	var keys []string
	for _, q := range dialect.Questions() {
		keys = append(keys, string(q.Key))
	}
	if near := nearest(key, keys); near != "" && near != key {
		return "did you mean " + near + "?"
	}
	return "flowgate spec questions lists the questions and their answers"
}

// writeDialect writes observed answers as a file that --dialect reads. What was observed and is no answer that a
// dialect can give stands in a comment.
func writeDialect(w io.Writer, observed map[string]string) error {
	var b strings.Builder
	b.WriteString("# Answers to the open questions of the documents, as observed by flowgate check.\n# Use: flowgate mock --dialect THIS-FILE\n")
	for _, key := range slices.Sorted(maps.Keys(observed)) {
		if err := answer(dialect.Dialect{}, key, observed[key]); err != nil {
			fmt.Fprintf(&b, "# %s: %q\n", key, observed[key])
			continue
		}
		fmt.Fprintf(&b, "%s: %q\n", key, observed[key])
	}
	_, err := io.WriteString(w, b.String())
	return err
}
