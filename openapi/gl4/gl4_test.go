package gl4_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/gl4"
)

var update = flag.Bool("update", false, "write the golden file anew")

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestImport(t *testing.T) {
	r, err := gl4.Import([]byte(read(t, "testdata/beacons.json")))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("testdata/beacons.yaml", r.YAML, 0o600))
	}
	require.Equal(t, read(t, "testdata/beacons.yaml"), string(r.YAML))
	require.Equal(t, 5, r.Operations)
	require.Equal(t, []string{
		`/resources/Beacon/methods/Delete/path: {name} is no parameter of the method: taken for any text`,
		`/resources/Beacons/methods/List/path: the query "lit={lit}" is dropped; parameters say the same`,
		`/schemas/Beacon/properties/watts/example: it is no number, and is dropped`,
	}, r.Notes)
}

// What comes out means what went in, as our own reader understands it.
func TestAnImportedDocumentIsOneOfOurs(t *testing.T) {
	r, err := gl4.Import([]byte(read(t, "testdata/beacons.json")))
	require.NoError(t, err)
	doc, err := openapi.Parse(r.YAML)
	require.NoError(t, err)
	list, _ := doc.Find("GET", "/api/mgmt.beacons/1.0/beacons")
	require.NotNil(t, list)
	require.Equal(t, "listBeacons", list.ID)
	require.False(t, list.Open)
	picture := doc.Operation("pictureBeacon")
	require.NotNil(t, picture)
	require.True(t, picture.Open, "authorization none")
	answer, ok := list.Success(200)
	require.True(t, ok)
	require.Empty(t, answer.Schema.ValidateJSON([]byte(`[{"name": "a", "colour": "red", "since": 17, "labels": {"x": "y"}}, {"since": "now"}]`)))
	for _, wrong := range []string{`{}`, `[{"colour": "pink"}]`, `[{"lit": "yes"}]`, `[{"size": 3}]`, `[{"labels": {"x": 1}}]`} {
		require.NotEmpty(t, answer.Schema.ValidateJSON([]byte(wrong)), wrong)
	}
	put := doc.Operation("replaceBeacons")
	require.NotEmpty(t, put.Request.ValidateJSON([]byte(`[3]`)))
}

func TestWhatIsNotUnderstoodIsAnErrorWithItsPlace(t *testing.T) {
	whole := read(t, "testdata/beacons.json")
	for change, says := range map[[2]string]string{
		{`"1.0",`, `"2.0",`}:                                                        `gl4: /restSchemaVersion: it is "2.0" (expected 1.0`,
		{`"name": "mgmt.beacons",`, ``}:                                             "name and version are needed",
		{`"title"`, `"titel"`}:                                                      "gl4: /titel: this key is not understood (known here: restSchemaVersion, name",
		{`"type": "boolean"}`, `"type": "bool"}`}:                                   `/type: "bool" is not understood (known: string`,
		{`"enum": ["red", "green", "blue"]`, `"enum": []`}:                          "gl4: /schemas/Beacon/properties/colour/enum: expected a list of values",
		{`{"$ref": "Beacons"}`, `{"$ref": "Lamps"}`}:                                `there is no schema "Lamps"`,
		{`"httpmethod": "PUT"`, `"httpmethod": "POKE"`}:                             `"POKE" is no method of HTTP`,
		{`"httpmethod": "PUT"`, `"httpmethod": "GET"`}:                              "GET /api/mgmt.beacons/1.0/beacons is there twice",
		{`"http_status": 401`, `"http_status": 200`}:                                "gl4: /errors/0: ",
		{`"authorization": "none"`, `"authorization": "maybe"`}:                     `"maybe" is not understood`,
		{`"required": true`, `"required": "yes"`}:                                   "expected true or false",
		{`"path": "beacons/{name}"}`, `"route": "beacons"}`}:                        "gl4: /resources/Beacon/methods/Delete/route: this key is not understood",
		{`"description": "One light."`, `"description": ["x"]`}:                     "gl4: /schemas/Beacon/description: expected a string",
		{`{"type": "string", "required": true, "example": "front-left"}`, `"text"`}: "gl4: /schemas/Beacon/properties/name: expected a schema",
	} {
		text := strings.Replace(whole, change[0], change[1], 1)
		require.NotEqual(t, whole, text, change[0])
		_, err := gl4.Import([]byte(text))
		require.ErrorContains(t, err, says)
	}
	for text, says := range map[string]string{
		``: "no JSON object", `[]`: "no JSON object", whole + `{}`: "something follows", `{"restSchemaVersion": "1.0", "name": "a", "version": "1"}`: "there is no method in it",
	} {
		_, err := gl4.Import([]byte(text))
		require.ErrorContains(t, err, says)
	}
}

func TestEveryMethodHasAnOperationId(t *testing.T) {
	r, err := gl4.Import([]byte(`{"restSchemaVersion":"1.0","name":"a","version":"1","resources":{
		"--":{"methods":{"?":{"httpmethod":"GET","path":"x"}, "!":{"httpmethod":"PUT","path":"x"}}},
		"été":{"methods":{"Élan vital":{"httpmethod":"POST","path":"x"}}}}}`))
	require.NoError(t, err)
	doc, err := openapi.Parse(r.YAML)
	require.NoError(t, err)
	var ids []string
	for _, o := range doc.Operations {
		ids = append(ids, o.ID)
	}
	require.ElementsMatch(t, []string{"operation", "operation2", "élanVitalÉté"}, ids)
}

func FuzzImport(f *testing.F) {
	text, err := os.ReadFile("testdata/beacons.json")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"restSchemaVersion":"1.0","name":"a","version":"1","resources":{"A":{"methods":{"B":{"httpmethod":"GET","path":"x"}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := gl4.Import(text)
		if err == nil {
			_, err = openapi.Parse(r.YAML)
			require.NoError(t, err)
		}
	})
}
