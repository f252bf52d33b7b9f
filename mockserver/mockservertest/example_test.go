package mockservertest_test

import (
	"net/http"
	"testing"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// In a test: an appliance of its own, on a free port, that ends with the test.
func ExampleStart() {
	_ = func(t *testing.T) {
		a := mockservertest.Start(t, func(o *mockserver.Options) { o.Seed = 7 })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+"/api/common/1.0/info", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(mockservertest.User, mockservertest.Password)
		res, err := a.Client(t).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	// Output:
}

func TestStart(t *testing.T) {
	a := mockservertest.Start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+"/api/common/1.0/info", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(mockservertest.User, mockservertest.Password)
	res, err := a.Client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
}
