package fools_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/fools"
)

// bodyOf is the body of an answer, unpacked.
func bodyOf(t *testing.T, x exchange) []byte {
	if x.answer.Header().Get("Content-Encoding") != "gzip" {
		return x.answer.Body.Bytes()
	}
	z, err := gzip.NewReader(bytes.NewReader(x.answer.Body.Bytes()))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	return text
}

// unseen are the oddities that the device in this test has itself, or that show only on one that does otherwise: with
// timeStamp as text, with rows of zeros, with error_info or subdir.
var unseen = map[string]bool{
	"eccentric/timestamp-as-number": true, "eccentric/silent-intervals-omitted": true, "eccentric/error-info-absent": true,
	"eccentric/restore-subdir-absent": true, "eccentric/start-200": true, "eccentric/month-of-thirty-days": true,
	"eccentric/slow-at-times": true,
}

// Whatever is odd, the documented shape stays: a false alarm on an eccentric has to be the suite's fault.
func TestEccentricsKeepTheDocumentedShape(t *testing.T) {
	script := append(walk(), lampScript()...)
	honest := take(bare, script)
	for i, f := range fools.All() {
		if testing.Short() && i%10 > 0 { // the race detector makes each walk ten times as dear
			continue
		}
		if f.Kind != fools.Eccentric || f.Way != nil || f.FarEnd { // what happens to datagrams shows in no answer here
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changed := 0
				for i, x := range take(f.Wrap, script) {
					if x.said != honest[i].said {
						changed++
						documented(t, x, honest[i])
					}
				}
				require.Equal(t, unseen[f.Name], changed == 0, "%d answers changed", changed)
			})
		})
	}
}

// documented requires what both documents say of an answer, however odd it is.
func documented(t *testing.T, x, honest exchange) {
	if !strings.HasPrefix(x.path, "/api/mgmt.") || x.path == corpus.ImagePath || x.scope == "lamps" { // of which the two documents say nothing
		return
	}
	code, body := x.answer.Code, bodyOf(t, x)
	said := x.step.String() + "\n" + x.said
	if denied := honest.answer.Code == http.StatusUnauthorized; denied && x.cookie == "" && !strings.Contains(x.auth, "Bearer") { // of sessions and tokens less is said
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusMethodNotAllowed}, code, said)
		require.True(t, code == http.StatusUnauthorized || x.method != "GET" && x.path == statsPath, said)
	}
	switch {
	case x.method == http.MethodHead || x.method == http.MethodOptions:
	case code >= 400:
		if strings.Contains(x.answer.Header().Get("Content-Type"), "html") {
			require.Equal(t, http.StatusNotFound, code, said)
			require.NotEqual(t, statsPath, x.path, said)
			return
		}
		var e map[string]any
		require.NoError(t, json.Unmarshal(body, &e), said)
		require.IsType(t, "", e["error_id"], said)
		require.IsType(t, "", e["error_text"], said)
		if want, ok := documentedStatus[e["error_id"].(string)]; ok {
			require.Equal(t, want, code, said)
		}
		require.Less(t, code, 500, said)
	case x.method == http.MethodPost:
		require.Empty(t, body, said)
	case x.path == statsPath:
		documentedRows(t, body, said)
	default:
		documentedRecords(t, body, said)
	}
}

var documentedStatus = map[string]int{
	"BAD_REQUEST": 400, "AUTH_REQUIRED": 401, "AUTH_INVALID_CREDENTIALS": 401, "HTTP_INVALID_METHOD": 405, "INTERNAL_ERROR": 500,
}

func documentedRows(t *testing.T, body []byte, said string) {
	var rows []map[string]any
	require.NoError(t, json.Unmarshal(body, &rows), said)
	require.NotNil(t, rows, said)
	for _, r := range rows {
		for _, k := range []string{"n_flows", "n_bytes", "n_bad_bytes", "n_packets", "n_bad_packets"} {
			if n, ok := r[k].(float64); !ok || n < 0 || n != float64(int64(n)) {
				require.Fail(t, k, said)
			}
		}
		for _, k := range []string{"peak_n_flows", "peak_n_bytes", "peak_n_packets"} {
			if s, ok := r[k].(string); !ok || !wholeText.MatchString(s) {
				require.Fail(t, k, said)
			}
		}
		at, _ := r["time"].(string)
		_, named := r["source_ip"].(string)
		if !named || !timeText.MatchString(at) {
			require.Fail(t, "time or source_ip", said)
		}
	}
}

var (
	wholeText = regexp.MustCompile(`^[0-9]+$`)
	timeText  = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00$`)
)

func documentedRecords(t *testing.T, body []byte, said string) {
	var v any
	require.NoError(t, json.Unmarshal(body, &v), said)
	if list, ok := v.([]any); ok && len(list) == 0 {
		return // nothing has run
	} else if ok {
		require.Len(t, list, 1, said)
		v = list[0].(map[string]any)["running"]
	}
	o, ok := v.(map[string]any)
	if !ok || len(o) == 0 {
		return // nothing has run
	}
	require.Contains(t, []any{"NONE", "EXECUTING", "ERROR", "COMPLETED"}, o["status"], said)
	for _, k := range []string{"host", "username", "path"} {
		require.IsType(t, "", o[k], said)
	}
}
