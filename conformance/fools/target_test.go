package fools_test

import (
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget/sshtargettest"
)

// Fools of the far end are exempt from the walk's other tests, since it has no other machine: here they must not differ
// from the appliance at all.
func TestFoolsOfTheFarEndLeaveAllElseAlone(t *testing.T) {
	script := jobs()
	honest := take(bare, script)
	seen := 0
	for _, f := range fools.All() {
		if !f.FarEnd {
			continue
		}
		seen++
		for i, x := range take(f.Wrap, script) {
			require.Equal(t, honest[i].said, x.said, "%s at %s", f.Name, x.step)
		}
	}
	require.Greater(t, seen, 30)
}

func TestCouriersKeepBackupsInTheirOwnLawfulWays(t *testing.T) {
	for _, f := range fools.All() {
		if !f.FarEnd || f.Kind != fools.Eccentric {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			target := sshtargettest.Start(t)
			require.NoError(t, os.MkdirAll(target.Root()+"/b", 0o700))
			device := f.Wrap(newAppliance())
			do := func(method, path, body string) *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				device.ServeHTTP(w, step{method: method, path: path, body: body}.request())
				return w
			}
			job := func(secret string) string {
				return fmt.Sprintf(`{"hostname": %q, "username": %q, "password": %q, "path": "/b", "security_pwd": %q`,
					target.Addr(), sshtargettest.User, sshtargettest.Password, secret)
			}
			code := do("POST", backupPath, job("vault")+"}").Code
			status := do("GET", backupPath, "").Body.String()
			switch {
			case strings.HasSuffix(f.Name, "refuses-ports"):
				require.Equal(t, 400, code)
				require.NotContains(t, status, target.Addr())
				return
			case strings.HasSuffix(f.Name, "resolves-ports"):
				require.Contains(t, status, `"status":"ERROR"`)
				require.Empty(t, target.Events())
				return
			}
			require.Equal(t, 200, code)
			require.Contains(t, status, `"status":"COMPLETED"`)
			files := 0
			require.NoError(t, fs.WalkDir(os.DirFS(target.Root()), "b", func(_ string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					files++
				}
				return err
			}))
			require.Positive(t, files)
			do("POST", restorePath, job("vault")+`, "no_cert": "false"}`)
			require.Contains(t, do("GET", restorePath, "").Body.String(), `"status":"COMPLETED"`)
			do("POST", restorePath, job("another")+`, "no_cert": "false"}`)
			require.Contains(t, do("GET", restorePath, "").Body.String(), `"status":"ERROR"`)
		})
	}
}
