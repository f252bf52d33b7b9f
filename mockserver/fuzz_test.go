package mockserver

import (
	"bytes"
	"context"
	"iter"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// few is a store of one row for each query, so that a fuzzed window costs nothing.
type few struct{}

func (few) Sources() []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.0.0.1")} }

func (few) Rows(_ context.Context, q flowstore.Query) iter.Seq2[flowstore.Row, error] {
	return func(yield func(flowstore.Row, error) bool) {
		if !q.Window.Empty() {
			yield(flowstore.Row{Time: q.Now, Source: q.Source, Bucket: flow.Bucket{Flows: 1}}, nil)
		}
	}
}

func fuzzed(f *testing.F) *Appliance {
	c, err := clock.Starting(time.Unix(1704751890, 0), 0)
	require.NoError(f, err)
	a, err := New(Options{Clock: c, Store: few{}, PasswordCost: 4})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, a.Close()) })
	return a
}

func fuzzAsk(t *testing.T, a *Appliance, body []byte) (int, string) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/mgmt.flowgateway_analytics/1.0/import_stats", bytes.NewReader(body))
	r.SetBasicAuth("admin", "admin")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
