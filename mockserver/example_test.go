package mockserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
)

// The appliance is an http.Handler: a test can serve it as it likes.
func ExampleNew() {
	a, err := mockserver.New(mockserver.Options{Users: map[string]string{"monitor": "secret"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	server := httptest.NewServer(a.Handler())
	defer server.Close()

	r, _ := http.NewRequest(http.MethodGet, server.URL+"/api/common/1.0/ping", nil)
	r.SetBasicAuth("monitor", "secret")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	fmt.Println(res.Status)
	// Output: 204 No Content
}

// A clock that stands still and a seed make every answer the same each time; Advance lets a backup end.
func ExampleAppliance_Clock() {
	frozen, err := clock.Starting(time.Date(2024, 1, 8, 22, 11, 0, 0, time.UTC), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := mockserver.New(mockserver.Options{Clock: frozen, WorkFactor: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	ask := func(method, body string) string {
		r := httptest.NewRequest(method, "/api/mgmt.gateway_backup/1.0/backup", strings.NewReader(body))
		r.SetBasicAuth("admin", "admin")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		text, _ := io.ReadAll(w.Result().Body)
		return string(text)
	}
	changes, stop := a.Device().Watch()
	defer stop()
	ask(http.MethodPost, `{"hostname": "localhost", "security_pwd": "EncryptionKey"}`)
	fmt.Println((<-changes).Status)
	a.Clock().Advance(2 * time.Second)
	fmt.Println((<-changes).Status)
	fmt.Println(strings.Contains(ask(http.MethodGet, ""), "/mnt/data/flowgateway-backup/20240108_2211"))
	// Output:
	// EXECUTING
	// COMPLETED
	// true
}
