package mockserver_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/fault"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

func struck(t *testing.T, specs ...string) []fault.Fault {
	t.Helper()
	out := []fault.Fault{}
	for _, s := range specs {
		f, err := fault.Parse(s)
		require.NoError(t, err)
		out = append(out, f)
	}
	return out
}

// A client on the wire meets each fault, the journal names it, and the next exchange is as if nothing had been.
func TestFaultsReachTheClient(t *testing.T) {
	for _, plain := range []bool{true, false} {
		a := mockservertest.Start(t, func(o *mockserver.Options) { o.PlainHTTP = plain })
		client := http.DefaultClient
		if !plain {
			client = a.Client(t)
		}
		get := func() (int, string, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+backupPath, nil)
			require.NoError(t, err)
			r.SetBasicAuth(mockservertest.User, mockservertest.Password)
			res, err := client.Do(r)
			if err != nil {
				return 0, "", err
			}
			defer res.Body.Close() //nolint:errcheck // read to its end
			body, err := io.ReadAll(res.Body)
			return res.StatusCode, string(body), err
		}
		status, whole, err := get()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		for spec, want := range map[string]struct {
			status int
			body   func(string) bool
			breaks bool
		}{
			"latency:by=1ms,times=1":   {200, func(b string) bool { return b == whole }, false},
			"status:code=503,times=1":  {503, func(b string) bool { return b == fault.Page }, false},
			"status:code=204,times=1":  {204, func(b string) bool { return b == "" }, false},
			"empty:times=1":            {200, func(b string) bool { return b == "" }, false},
			"corrupt:at=0,times=1":     {200, func(b string) bool { return b == "Z"+whole[1:] }, false},
			"slow:rate=100000,times=1": {200, func(b string) bool { return b == whole }, false},
			"cut:at=10,times=1":        {200, func(b string) bool { return b == whole[:10] }, true},
			"reset:times=3":            {0, func(b string) bool { return b == "" }, true}, // Go's client tries a kept connection again
		} {
			a.Journal().Clear()
			require.NoError(t, a.SetFaults(struck(t, spec)))
			status, body, err := get()
			require.Equal(t, want.breaks, err != nil, "%s: %v", spec, err)
			require.Equal(t, want.status, status, spec)
			require.True(t, want.body(body), "%s: %q", spec, body)
			require.NoError(t, a.SetFaults(nil))
			_, body, err = get()
			require.NoError(t, err, spec)
			require.Equal(t, whole, body, spec)
			// A client sees a reset before the journal does, so one may come late.
			for _, said := range []string{spec, ""} {
				require.Eventually(t, func() bool {
					return slices.ContainsFunc(a.Journal().Entries(journal.Filter{}), func(e journal.Entry) bool { return e.Fault == said })
				}, time.Minute, time.Millisecond, "%s: no exchange with the fault %q", spec, said)
			}
		}
		client.CloseIdleConnections()
	}
}

// A program can make a fault that nobody could write: it is refused as the writing would be.
func TestFaultsThatCannotStrikeAreRefused(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) { o.Faults = struck(t, "empty") })
	for says, f := range map[string]fault.Fault{
		"fault slow needs rate":       {Name: fault.Slow},
		"fault status needs code":     {Name: fault.Status},
		"want a status from 200":      {Name: fault.Status, Code: 1000},
		"fault latency needs by":      {Name: fault.Latency, By: -1},
		`fault "" is not known`:       {},
		"want a number above 0":       {Name: fault.Reset, Chance: 2},
		`has no operation "getThing"`: {Name: fault.Reset, Operation: "getThing"},
	} {
		require.ErrorContains(t, a.SetFaults([]fault.Fault{{Name: fault.Hang}, f}), says)
		_, err := mockserver.New(mockserver.Options{Faults: []fault.Fault{f}})
		require.ErrorContains(t, err, says)
	}
	require.Equal(t, struck(t, "empty"), a.Faults(), "nothing has changed")
}

func TestAHangingApplianceIsClosedAllTheSame(t *testing.T) {
	a := mockservertest.Start(t, func(o *mockserver.Options) {
		o.PlainHTTP, o.Faults = true, struck(t, "hang")
		o.Limits.Drain = time.Millisecond
	})
	met := make(chan struct{})
	answered := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+backupPath, &readyWhenRead{Reader: strings.NewReader("{}"), met: met})
		if err == nil {
			var res *http.Response
			if res, err = http.DefaultClient.Do(r); err == nil {
				_ = res.Body.Close()
			}
		}
		answered <- err
	}()
	<-met
	_ = a.Close() // what had to be cut is told, and is no failure here
	require.Error(t, <-answered)
}

// readyWhenRead tells when the request is under way.
type readyWhenRead struct {
	io.Reader
	met  chan struct{}
	once sync.Once
}

func (r *readyWhenRead) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.once.Do(func() { close(r.met) })
	}
	return n, err
}

func TestFaultsAreSteeredFromOutside(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) { o.Faults = struck(t, "status:code=502,operation=getBackup") })
	require.JSONEq(t, `{"faults":["status:code=502,operation=getBackup"]}`, askControl(t, a, "GET", "/api/v1/faults", ""))
	require.Equal(t, http.StatusBadGateway, ask(t, a, "GET", backupPath, "").Code)
	require.Equal(t, http.StatusOK, ask(t, a, "GET", restorePath, "").Code)
	askControl(t, a, "PUT", "/api/v1/faults", `{"faults":["empty:times=1"]}`)
	for _, bad := range []string{`{"faults":["empty:times=0"]}`, `{"faults":["reset:operation=getLost"]}`, `{"faults":"empty"}`, `[]`} {
		w := controlled(t, a, "PUT", "/api/v1/faults", bad)
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
	}
	require.Contains(t, controlled(t, a, "PUT", "/api/v1/faults", `{"faults":["reset:operation=getLost"]}`).Body.String(), "getAuthInfo, getBackup, getFlow")
	require.Empty(t, ask(t, a, "GET", backupPath, "").Body.String(), "what was refused changed nothing")
	require.NotEmpty(t, ask(t, a, "GET", backupPath, "").Body.String())
	require.JSONEq(t, `{"faults":[]}`, askControl(t, a, "GET", "/api/v1/faults", ""))
	askControl(t, a, "POST", "/api/v1/reset", "")
	require.Equal(t, http.StatusBadGateway, ask(t, a, "GET", backupPath, "").Code, "a reset brings the first faults back")
}
