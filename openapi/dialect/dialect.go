// Package dialect names the open questions of the two documents: where they are silent, or contradict themselves, and
// more than one answer is lawful. The appliance takes one set of answers (its knobs); the judge accepts every lawful
// answer and records the one that it saw.
package dialect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Key names a question, such as "template-b-zone".
type Key string

// Question is one open question.
type Question struct {
	Key     Key
	Ask     string   // the question, in one sentence
	Why     string   // where the documents leave it open
	Answers []Answer // lawful answers, the first is the default
	Form    string   // where any text of a form is lawful too: the form in words
	Pattern string   // and as a regular expression, "" where only Answers count
	// Observed questions are those that only flows can answer. The judge records what it sees; of the appliance, only
	// what its collectors count can change with an answer (docs/mock.md tells with which), and the self-test makes no
	// device of each.
	Observed bool
}

// Answer is one lawful answer.
type Answer struct {
	Name    string
	Meaning string
}

// all are the questions of every table, in a slice of the caller's own.
func all() []Question { return slices.Concat(table, flowQuestions, targetQuestions) }

// Default is the answer that the appliance gives unless it is told otherwise.
func (q Question) Default() string { return q.Answers[0].Name }

// Lawful reports whether an answer is one that the question admits.
func (q Question) Lawful(answer string) bool {
	if slices.ContainsFunc(q.Answers, func(a Answer) bool { return a.Name == answer }) {
		return true
	}
	return q.Pattern != "" && regexp.MustCompile(q.Pattern).MatchString(answer)
}

// names lists the lawful answers for people.
func (q Question) names() string {
	var out []string
	for _, a := range q.Answers {
		out = append(out, a.Name)
	}
	if q.Form != "" {
		out = append(out, q.Form)
	}
	return strings.Join(out, ", ")
}

// Find returns the question of that key; ok is false where there is none.
func Find(key Key) (q Question, ok bool) {
	i := slices.IndexFunc(all(), func(q Question) bool { return q.Key == key })
	if i < 0 {
		return Question{}, false
	}
	return all()[i], true
}

// Questions lists all open questions, sorted by key.
func Questions() []Question {
	out := all()
	slices.SortFunc(out, func(a, b Question) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return out
}

// Dialect is one set of answers. The zero value (nil) answers every question with its default.
type Dialect map[Key]string

// Answer is the dialect's answer to a question, or the question's default. It panics on a key that is not in the
// table, which is a mistake in the program.
func (d Dialect) Answer(key Key) string {
	if a, ok := d[key]; ok {
		return a
	}
	q, ok := Find(key)
	if !ok {
		panic("dialect: no question " + string(key))
	}
	return q.Default()
}

// Set checks an answer and stores it. The error names the question and the lawful answers.
func (d Dialect) Set(key Key, answer string) error {
	q, ok := Find(key)
	if !ok {
		return fmt.Errorf("dialect: there is no question %q (flowgate spec questions lists them)", key)
	}
	if !q.Lawful(answer) {
		return fmt.Errorf("dialect: %q is no answer to %s (expected one of: %s)", answer, key, q.names())
	}
	d[key] = answer
	return nil
}

// Full is a copy in which every question has an answer.
func (d Dialect) Full() Dialect {
	out := Dialect{}
	for _, q := range all() {
		out[q.Key] = q.Default()
	}
	maps.Copy(out, d)
	return out
}
