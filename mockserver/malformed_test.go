package mockserver_test

import (
	"encoding/base64"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi"
)

// TestHeadersWithoutGoodCredentialsOpenNothing shows each way's header empty, cut, quoted and there twice, at every
// operation that needs credentials.
func TestHeadersWithoutGoodCredentialsOpenNothing(t *testing.T) {
	a := standing(t)
	session(t, a) // one that is alive, and is not shown
	issued := tokenFor(t, a, codeOf(t, a))
	doc, err := openapi.Load()
	require.NoError(t, err)
	other := strings.Repeat("0", 64)
	nobody64 := base64.StdEncoding.EncodeToString([]byte("nobody:x"))
	for name, headers := range map[string][]string{
		"Cookie": {
			"SESSID=", "SESSID", `SESSID=""`, `SESSID="`, `SESSID="` + other, "SESSID=" + other + "; SESSID=" + other, "SESSID=; SESSID=", ";;=; ;=;",
			"SESSID=%00", "SESSID=\xff\xfe", "sessid=" + other, "SESSID=" + strings.Repeat("f", 9000),
		},
		"Authorization": {
			"Bearer", "Bearer ", "bearer", "SignedBearer", "SignedBearer ..", "SignedBearer a.b", "Bearer a.b", "SignedBearer a.b.c.d", "Bearer " + other + " " + other,
			"Bearer " + other + ", Bearer " + other, `Bearer "` + issued + `"`, "Bearer\xff\xfe", "Bearer {}", issued, "Bearer " + issued[1:], "Bearer " + issued + "." + issued,
			"Basic", "Basic ", "Basic %%%", "Basic " + nobody64 + " " + nobody64, "Basic " + base64.StdEncoding.EncodeToString([]byte("nobody")),
			"Basic " + base64.StdEncoding.EncodeToString([]byte(":")), "Basic " + base64.StdEncoding.EncodeToString([]byte("\xff:\xfe")), "Digest x", ",", "=",
		},
	} {
		for _, value := range headers {
			for _, op := range doc.Operations {
				if op.Open {
					continue
				}
				w := nobody(t, a, op.Method, op.Path, "{}", name, value)
				require.Equal(t, http.StatusUnauthorized, w.Code, "%s %s, %s: %.80q: %s", op.Method, op.Path, name, value, w.Body)
			}
		}
	}
	require.Contains(t, ask(t, a, "GET", backupPath, "").Body.String(), `"NONE"`, "nothing was started")
}

// TestEveryErrorIDIsInTheTable compares the ids that the appliance can say, those of docs/access.md, and those that
// TestEveryErrorIDIsReached reaches.
func TestEveryErrorIDIsInTheTable(t *testing.T) {
	said := constants(t, "problem.go")
	require.NotEmpty(t, said)
	page, err := os.ReadFile("../docs/access.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## Errors\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	test, err := os.ReadFile("errors_test.go")
	require.NoError(t, err)
	for _, id := range said {
		require.Contains(t, section, id, "docs/access.md does not name it")
		require.Contains(t, string(test), "\t\t\""+id+"\": {", "TestEveryErrorIDIsReached does not reach it")
	}
	for _, id := range regexp.MustCompile(`\b[A-Z]+(_[A-Z]+)+\b`).FindAllString(section, -1) {
		require.Contains(t, said, id, "the appliance never says it")
	}
}

// constants are the exported texts of a file, sorted.
func constants(t *testing.T, file string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	var out []string
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v, ok := s.(*ast.ValueSpec)
			if !ok || !v.Names[0].IsExported() {
				continue
			}
			text, ok := v.Values[0].(*ast.BasicLit)
			require.True(t, ok)
			id, err := strconv.Unquote(text.Value)
			require.NoError(t, err)
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
