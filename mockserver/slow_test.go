package mockserver_test

import (
	"bufio"
	"context"
	"iter"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// hesitant is a store whose second row comes only after its first has been seen.
type hesitant struct{ seen chan struct{} }

func (h hesitant) Sources() []netip.Addr { return rhythm{}.Addresses()[:1] }

func (h hesitant) Rows(ctx context.Context, _ flowstore.Query) iter.Seq2[flowstore.Row, error] {
	return func(yield func(flowstore.Row, error) bool) {
		if clock.Pause(ctx, 50*time.Millisecond) != nil || !yield(flowstore.Row{}, nil) { // long enough for patience to end
			return
		}
		select {
		case <-h.seen:
			yield(flowstore.Row{}, nil)
		case <-ctx.Done():
			yield(flowstore.Row{}, ctx.Err())
		}
	}
}

// Rows that come slowly are not gathered until a piece is full: who waits sees that there is something.
func TestSlowRowsAreSentAsTheyCome(t *testing.T) {
	h := hesitant{make(chan struct{})}
	a := mockservertest.Start(t, plainHTTP, func(o *mockserver.Options) { o.Store = h })
	conn := connect(t, a)
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	send(t, conn, "GET "+statsPath, templateA)
	in := bufio.NewReader(conn)
	_, err := in.ReadString('{')
	require.NoError(t, err)
	close(h.seen)
	_, err = in.ReadString(']')
	require.NoError(t, err)
}
