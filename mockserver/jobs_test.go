package mockserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
)

// TestANinetyMinuteBackup walks through NONE, EXECUTING and COMPLETED on a clock that a test need not wait for.
func TestANinetyMinuteBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := standing(t, func(o *mockserver.Options) { o.Clock, o.JobDuration = clock.System(), 90*time.Minute })
		const none = `{"host":"","message":"","path":"",`
		require.JSONEq(t, `[{"last_successful":`+none+`"subdir":"","timeStamp":0,"username":""},"running":`+none+`"status":"NONE","timeStamp":0,"username":""}}]`,
			ask(t, a, "GET", backupPath, "").Body.String())
		started := time.Now()
		require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, localJob).Code)
		time.Sleep(90*time.Minute - time.Nanosecond)
		synctest.Wait()
		during := ask(t, a, "GET", backupPath, "").Body.String()
		require.Contains(t, during, `"status":"EXECUTING"`)
		require.Contains(t, during, `[{"last_successful":`+none+`"subdir":""`, "not yet")
		refused(t, ask(t, a, "POST", restorePath, localJob), 400, mockserver.BadRequest, "running")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		var after []map[string]map[string]any
		require.NoError(t, json.Unmarshal(ask(t, a, "GET", backupPath, "").Body.Bytes(), &after))
		place := "/mnt/data/flowgateway-backup"
		require.Equal(t, []map[string]map[string]any{{
			"last_successful": {"host": "localhost", "message": "", "path": place, "subdir": place + "/" + started.UTC().Format("20060102_1504"), "timeStamp": float64(started.Unix()), "username": "mazu"},
			"running":         {"host": "localhost", "message": "", "path": place, "status": "COMPLETED", "timeStamp": float64(started.Unix()), "username": "mazu"},
		}}, after)
	})
}

func TestLastSuccessfulMovesOnSuccessOnly(t *testing.T) {
	a := standing(t)
	ask(t, a, "POST", backupPath, swap(localJob, "}", `,"username":"carl","path":"a/b"}`))
	first := settled(t, a, backupPath)
	require.Contains(t, first, `"path":"a/b","subdir":"a/b/20240108_2211","timeStamp":1704751890,"username":"carl"`)
	last, _, _ := strings.Cut(first, `"running"`)
	require.Equal(t, 200, ask(t, a, "POST", backupPath, remoteJob).Code)
	during, _, _ := strings.Cut(ask(t, a, "GET", backupPath, "").Body.String(), `"running"`)
	require.Equal(t, last, during)
	second := settled(t, a, backupPath)
	require.True(t, strings.HasPrefix(second, last), second)
	require.Contains(t, second, `"status":"ERROR"`)
	require.Contains(t, second, `"host":"192.0.2.77","message":"backup failed: no route to the host 192.0.2.77"`)
}

func TestARestoreBringsTheSavedStateBack(t *testing.T) {
	a := standing(t)
	saved := a.State()
	ask(t, a, "POST", backupPath, localJob)
	settled(t, a, backupPath)
	changed := a.State()
	changed.Name, changed.Vault.SNMP = "renamed", "another"
	a.SetState(changed)

	require.Equal(t, 200, ask(t, a, "POST", restorePath, swap(localJob, "EncryptionKey", "wrong")).Code)
	failed := settled(t, a, restorePath)
	require.Contains(t, failed, `"message":"restore failed: security_pwd is not the password that the backup was made with"`)
	require.Contains(t, failed, `"status":"ERROR"`)
	require.NotContains(t, failed, "wrong")
	require.Equal(t, changed, a.State(), "nothing has been touched")

	require.Equal(t, 200, ask(t, a, "POST", restorePath, swap(localJob, "}", `,"no_cert":"true"}`)).Code)
	require.Contains(t, settled(t, a, restorePath), `"path":"/mnt/data/flowgateway-backup/20240108_2211","status":"COMPLETED"`)
	require.Equal(t, saved.Name, a.State().Name)
	require.Equal(t, "another", a.State().Vault.SNMP, "the vault stays where no_cert is true")

	ask(t, a, "POST", restorePath, swap(localJob, "}", `,"no_cert":"false"}`))
	settled(t, a, restorePath)
	require.Equal(t, saved, a.State())
	require.Contains(t, ask(t, a, "GET", "/api/common/1.0/info", "").Body.String(), saved.Name)
}

func TestARestoreWithoutBackupsFails(t *testing.T) {
	a := standing(t)
	ask(t, a, "POST", restorePath, localJob)
	require.Contains(t, settled(t, a, restorePath), `"message":"restore failed: no backup is there: no directory below /mnt/data/flowgateway-backup has the name of a backup"`)
}

func TestAnotherHostIsReachedThroughTheInjectedDepot(t *testing.T) {
	there := depot.NewMemory()
	var to depot.Destination
	closed := 0
	a := standing(t, func(o *mockserver.Options) {
		o.Remote = func(_ context.Context, d depot.Destination) (depot.Depot, func(), error) {
			to = d
			return there, func() { closed++ }, nil
		}
	})
	ask(t, a, "POST", backupPath, remoteJob)
	require.Contains(t, settled(t, a, backupPath), `"status":"COMPLETED"`)
	require.Equal(t, depot.Destination{Host: "192.0.2.77", Username: "u", Password: "p"}, to)
	require.Equal(t, 1, closed)
	names, err := there.List(t.Context(), "/b")
	require.NoError(t, err)
	require.Len(t, names, 1)
	require.Equal(t, "20240108_2211", names[0].Name)
}

// TestSecretsAreToldNowhere sends secrets wherever a client may, in good requests and bad ones, and looks for them in
// answers, the journal, the log and the state.
func TestSecretsAreToldNowhere(t *testing.T) {
	var logged bytes.Buffer
	a := standing(t, func(o *mockserver.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Users = map[string]string{"admin": "admin", "bob": "s3cret-basic"}
		o.Remote = func(context.Context, depot.Destination) (depot.Depot, func(), error) {
			return nil, nil, errors.New("the other machine said no")
		}
	})
	const body = `{"hostname":"192.0.2.77","username":"u","password":"s3cret-ssh","path":"/b","security_pwd":"s3cret-vault"}`
	bodies := []string{body, body[:len(body)-1], swap(body, `"path"`, `"zz"`), swap(body, `"password":"s3cret-ssh"`, `"password":["s3cret-ssh"]`), "[" + body + "]", body + body}
	var told strings.Builder
	for _, b := range bodies {
		for _, path := range []string{backupPath, restorePath, statsPath + "?password=s3cret-query"} {
			method := "POST"
			if strings.HasPrefix(path, statsPath) {
				method = "GET"
			}
			told.WriteString(ask(t, a, method, path, b).Body.String())
			told.WriteString(settled(t, a, backupPath) + settled(t, a, restorePath))
		}
	}
	r := ask(t, a, "GET", backupPath, "", "Authorization", "Basic Ym9iOnMzY3JldC1iYXNpYw==")
	require.Equal(t, 200, r.Code)
	entries, err := json.Marshal(a.Journal().Entries(journal.Filter{}))
	require.NoError(t, err)
	told.Write(entries)
	told.WriteString(logged.String())
	require.Contains(t, told.String(), `[redacted]`)
	require.Contains(t, told.String(), `could not be decoded`)
	for _, secret := range []string{"s3cret", "Ym9iOnMzY3JldC1iYXNpYw", a.State().Vault.SNMP} {
		require.NotContains(t, told.String(), secret)
	}
	control := askControl(t, a, "GET", "/api/v1/state", "") + askControl(t, a, "GET", "/api/v1/journal", "")
	require.NotContains(t, control, "s3cret")
	require.NotContains(t, control, a.State().Vault.SNMP)
}
