package dialect_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

func TestQuestionsAreWellFormed(t *testing.T) {
	questions := dialect.Questions()
	require.GreaterOrEqual(t, len(questions), 20)
	last := dialect.Key("")
	for _, q := range questions {
		require.Less(t, last, q.Key, "sorted, and each once")
		last = q.Key
		require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, string(q.Key))
		require.Regexp(t, `\?$`, q.Ask)
		require.NotEmpty(t, q.Why, q.Key)
		require.Equal(t, q.Form == "", q.Pattern == "", q.Key)
		require.GreaterOrEqual(t, len(q.Answers)+len(q.Form), 2, "%s leaves nothing open", q.Key)
		_, err := regexp.Compile(q.Pattern)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, a := range q.Answers {
			require.False(t, seen[a.Name], "%s: %s", q.Key, a.Name)
			seen[a.Name] = true
			require.NotEmpty(t, a.Meaning)
			require.True(t, q.Lawful(a.Name))
		}
	}
}

func TestADialectTakesLawfulAnswersOnly(t *testing.T) {
	d := dialect.Dialect{}
	require.Equal(t, "number", d.Answer(dialect.TimestampType), "the default")
	require.NoError(t, d.Set(dialect.TimestampType, "string"))
	require.Equal(t, "string", d.Answer(dialect.TimestampType))
	require.NoError(t, d.Set(dialect.TemplateBZone, "+05:30"))
	require.ErrorContains(t, d.Set(dialect.TemplateBZone, "+25:00"), "an offset such as")
	require.ErrorContains(t, d.Set(dialect.TimestampType, "date"), "expected one of: number, string")
	require.ErrorContains(t, d.Set("no-such", "x"), "flowgate spec questions")
	require.Equal(t, "string", d.Answer(dialect.TimestampType), "a refused answer changes nothing")
	full := d.Full()
	require.Len(t, full, len(dialect.Questions()))
	require.Equal(t, "+05:30", full[dialect.TemplateBZone])
	require.Panics(t, func() { d.Answer("no-such") })
}
