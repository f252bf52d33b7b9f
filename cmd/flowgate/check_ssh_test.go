package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// travelling serves an appliance whose backups travel within this machine, with a fool around it where one is named.
func travelling(t *testing.T, fool string) string {
	t.Helper()
	t.Setenv("FLOWGATE_PASSWORD", mockservertest.Password)
	appliance := mockservertest.Start(t, func(o *mockserver.Options) {
		o.PlainHTTP, o.JobDuration, o.WorkFactor = true, 20*time.Millisecond, 10
		o.Remote = depot.NewSSH(depot.SSHOptions{Loopback: true}).Open
	})
	if fool == "" {
		return appliance.URL
	}
	f, ok := fools.Find(fool)
	require.True(t, ok, fool)
	s := httptest.NewServer(f.Wrap(appliance.Handler()))
	t.Cleanup(s.Close)
	return s.URL
}

// peaceful selects what needs no machine that does not answer, for which an appliance may wait long.
func peaceful(u string, more ...string) []string {
	return append([]string{
		"check", u, "--user", "admin", "--allow", "mutate", "--ssh-listen", "127.0.0.1:0", "--run", "backup/target", "--skip", "backup/target/failure/hang",
	}, more...)
}

func TestBackupsAreWatchedFromTheOtherEnd(t *testing.T) {
	notShort(t)
	u := travelling(t, "")
	dir := t.TempDir()
	page := filepath.Join(dir, "report.html")
	code, out, complaints := call(t, peaceful(u, "--record", filepath.Join(dir, "recording"), "--html", page, "--verbose")...)
	require.Equal(t, 0, code, "%s\n%s", out, complaints)
	for _, said := range []string{"backup/target/reached: ", "log-in of fg", "host-port: accept", "backup-transfer: sftp", "backup-name: minute", "host-key: verify"} {
		require.Contains(t, out, said)
	}
	recorded, err := exchange.ReadDir(filepath.Join(dir, "recording"))
	require.NoError(t, err)
	require.True(t, recorded[len(recorded)-1].Noted(), "what the server saw is recorded")
	code, out, complaints = call(t, "check", "--from", filepath.Join(dir, "recording"), "--run", "backup/target", "--skip", "backup/target/failure/hang", "--verbose")
	require.Equal(t, 0, code, "%s\n%s", out, complaints)
	require.Contains(t, out, "backup/target/reached: ", "a recording is judged without any server")
	require.Contains(t, out, "backup/target/failure/dropped: ")
}

func TestADeviceThatGoesNowhereIsShownByBothObservers(t *testing.T) {
	notShort(t)
	dir := t.TempDir()
	args := []string{"--html", filepath.Join(dir, "r.html"), "--markdown", filepath.Join(dir, "r.md"), "--json", filepath.Join(dir, "r.json")}
	code, out, complaints := call(t, peaceful(travelling(t, "target/goes-nowhere"), args...)...)
	require.Equal(t, 1, code, "%s\n%s", out, complaints)
	pages := map[string]string{"text": out}
	for _, name := range []string{"r.html", "r.md", "r.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		pages[name] = string(text)
	}
	for name, text := range pages {
		flat := strings.Join(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(text, "&#34;", `"`), "\\\"", `"`)), " ")
		require.Contains(t, flat, `the device says status "COMPLETED"`, name)
		require.Contains(t, flat, "the SSH server saw no connection", name)
	}
}

func TestWatchingHasItsConditions(t *testing.T) {
	notShort(t)
	u := plain(t, "")
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"no backups":      {[]string{"--ssh-listen", "127.0.0.1:0"}, "add --allow mutate"},
		"no listener":     {[]string{"--allow", "mutate", "--ssh-advertise", "192.0.2.9"}, "give --ssh-listen"},
		"no port":         {[]string{"--allow", "mutate", "--ssh-listen", "127.0.0.1"}, "expected HOST:PORT"},
		"every address":   {[]string{"--allow", "mutate", "--ssh-listen", "0.0.0.0:0"}, "give --ssh-advertise"},
		"advertised junk": {[]string{"--allow", "mutate", "--ssh-listen", "127.0.0.1:0", "--ssh-advertise", "a:b:c"}, "expected HOST or HOST:PORT"},
	} {
		code, _, complaints := call(t, append([]string{"check", u, "--user", "admin"}, c.flags...)...)
		require.Equal(t, 2, code, name)
		require.Contains(t, complaints, c.says, name)
	}
	code, out, _ := call(t, "check", u, "--user", "admin", "--allow", "mutate", "--run", "backup/target", "--dry-run", "--ssh-listen", "0.0.0.0:2222", "--ssh-advertise", "192.0.2.9")
	require.Equal(t, 0, code)
	require.Contains(t, out, "192.0.2.9:2222", "what would be posted")
	code, out, _ = call(t, "check", u, "--user", "admin", "--allow", "mutate", "--run", "backup/status", "--run", "backup/target")
	require.Equal(t, 0, code, "without --ssh-listen a run is whole: %s", out)
	require.Contains(t, out, "--ssh-listen starts")
}

func TestWhatAppliancesAreTold(t *testing.T) {
	for _, c := range [][3]string{
		{"10.0.0.2:22", "", "10.0.0.2"},
		{"10.0.0.2:2222", "", "10.0.0.2:2222"},
		{"[::1]:22", "", "::1"},
		{"0.0.0.0:2222", "10.0.0.2", "10.0.0.2:2222"},
		{"0.0.0.0:2222", "10.0.0.2:22", "10.0.0.2"},
		{"0.0.0.0:22", "backup.lab", "backup.lab"},
		{"[::]:2222", "[2001:db8::1]", "[2001:db8::1]:2222"},
		{"[::]:2222", "2001:db8::1", "[2001:db8::1]:2222"},
	} {
		w := watchFlags{listen: c[0], advertise: c[1]}
		got, err := w.host(c[0])
		require.NoError(t, err, c)
		require.Equal(t, c[2], got, c)
	}
}
