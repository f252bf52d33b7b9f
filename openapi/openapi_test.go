package openapi_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi"
)

func load(t *testing.T) *openapi.Document {
	t.Helper()
	d, err := openapi.Load()
	require.NoError(t, err)
	return d
}

func TestBothVersionsAreValidAndDifferInTheirVersionOnly(t *testing.T) {
	var trees []map[string]any
	for _, version := range []string{openapi.Version30, openapi.Version31} {
		text := openapi.Text(version)
		_, err := openapi.Parse(text)
		require.NoError(t, err, version)
		raw, err := openapi.Convert(text)
		require.NoError(t, err)
		var tree map[string]any
		require.NoError(t, json.Unmarshal(raw, &tree))
		require.Equal(t, version, tree["openapi"])
		delete(tree, "openapi")
		trees = append(trees, tree)
	}
	require.Equal(t, trees[0], trees[1])
	// What 3.0 does not know, the built-in validator would ignore in silence.
	only31 := regexp.MustCompile(`(?m)^\s*(const|if|then|else|prefixItems|\$defs|exclusiveMinimum|nullable|unevaluatedProperties):|type: \[`)
	require.Empty(t, only31.FindAllString(string(openapi.Text(openapi.Version31)), -1))
}

func TestOperationsAreFoundByMethodAndPath(t *testing.T) {
	d := load(t)
	const backup = "/api/mgmt.gateway_backup/1.0/backup"
	op, methods := d.Find("POST", backup)
	require.Equal(t, "startBackup", op.ID)
	require.Empty(t, methods)
	op, methods = d.Find("PUT", backup)
	require.Nil(t, op)
	require.Equal(t, []string{"GET", "POST"}, methods)
	op, methods = d.Find("GET", backup+"s")
	require.Nil(t, op)
	require.Empty(t, methods)
	require.True(t, d.Operation("getServices").Open)
	require.False(t, d.Operation("getInfo").Open)
	_, ok := d.Operation("startBackup").Success(204)
	require.True(t, ok)
	_, ok = d.Operation("getBackup").Success(204)
	require.False(t, ok)
	_, ok = d.Operation("authorize").Success(302)
	require.True(t, ok)
	_, ok = d.Operation("authorize").Success(400)
	require.False(t, ok)
}

// TestEveryOperationCanSucceed stands in for the linter's rule, which does not count a redirect.
func TestEveryOperationCanSucceed(t *testing.T) {
	for _, op := range load(t).Operations {
		ok := false
		for status := 200; status < 400; status++ {
			_, success := op.Success(status)
			ok = ok || success
		}
		require.True(t, ok, op.ID)
	}
}

func TestARequestIsJudgedByTheTemplateItWasMeantFor(t *testing.T) {
	op := load(t).Operation("getImportStats")
	for request, want := range map[string]string{
		`{"stats_type": "flows_per_hour", "interval_type": "hours", "time_interval": 6, "source_ip": ""}`:                                       "A",
		`{"stats_type": "flows_per_hour", "interval_type": "hours"}`:                                                                            "A",
		`{"stats_type": "flows_per_hour", "start_time": "23/08/2023 11:36:41", "end_time": "23/08/2023 13:36:41", "source_ip": ""}`:             "B",
		`{"stats_type": "flows_per_hour", "start_time": "yesterday", "end_time": "23/08/2023 13:36:41", "source_ip": ""}`:                       "B",
		`{"stats_type": "flows_per_hour", "start_time": 1702580400, "end_time": 1702584000, "source_ip": ""}`:                                   "C",
		`{"stats_type": "flows_per_hour", "start_time": 1702580400, "end_time": 1702584000, "source_ip": "", "flowgate_does_not_know_this": 1}`: "C",
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(request), &value))
		v := op.Variant(value)
		require.NotNil(t, v, request)
		require.Equal(t, want, v.Name, request)
	}
	require.Nil(t, op.Variant([]any{}))
	require.Nil(t, op.Variant(map[string]any{"a": 1.0}))
}

func TestEveryExampleFitsTheSchemaOfItsOperation(t *testing.T) {
	n := 0
	for _, op := range load(t).Operations {
		for _, e := range op.Examples {
			require.Empty(t, op.Request.ValidateJSON(e.Body), "%s %s", op.ID, e.Name)
			n++
		}
	}
	require.Positive(t, n)
}

func TestADocumentThatCannotBeServedIsRefused(t *testing.T) {
	good := string(openapi.Text(openapi.Version31))
	for name, c := range map[string]struct{ old, text, want string }{
		"version":        {"openapi: 3.1.1", "openapi: 4.0.0", "not supported"},
		"operationId":    {"operationId: getBackup", "operationId: startBackup", "startBackup"},
		"variant schema": {"schema: RequestedStatsA}", "schema: NoSuchSchema}", "NoSuchSchema"},
		"reference":      {"#/components/schemas/Running", "#/components/schemas/Walking", "Walking"},
		"no YAML":        {"paths:", "paths: [", "cannot be read"},
	} {
		require.Contains(t, good, c.old, name)
		_, err := openapi.Parse([]byte(strings.Replace(good, c.old, c.text, 1)))
		require.ErrorContains(t, err, c.want, name)
	}
}
