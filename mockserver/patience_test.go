package mockserver_test

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
)

// single is a listener that hands out one connection.
type single struct {
	conn chan net.Conn
	once sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	if c, ok := <-s.conn; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (s *single) Close() error {
	s.once.Do(func() { close(s.conn) })
	return nil
}

func (s *single) Addr() net.Addr { return &net.TCPAddr{} }

// wired is the client's end of a connection in memory to a server that waits 20 s for a request to arrive, within a
// bubble of synctest.
func wired(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	client, far := net.Pipe()
	l := &single{conn: make(chan net.Conn, 1)}
	l.conn <- far
	server := &http.Server{Handler: h, ReadTimeout: 20 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return client
}

// An appliance that hangs gives up with the client, not with the deadline for the request's arrival, and not later.
func TestAHangingApplianceWaitsForTheClientToLeave(t *testing.T) {
	for line, body := range map[string]string{"GET " + backupPath: "", "POST " + restorePath: `{"hostname":"localhost","security_pwd":"x"}`} {
		synctest.Test(t, func(t *testing.T) {
			a := standing(t, func(o *mockserver.Options) { o.Faults = struck(t, "hang") })
			conn := wired(t, a)
			send(t, conn, line, body)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(24*time.Hour)))
			_, err := conn.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the client went first: %s", line)
			require.NoError(t, conn.Close())
			synctest.Wait()
			require.Len(t, a.Journal().Entries(journal.Filter{}), 1, "the appliance has seen it: %s", line)
		})
	}
}

// ponderous is a store with one row, which comes after an hour.
type ponderous struct{}

func (ponderous) Sources() []netip.Addr { return rhythm{}.Addresses()[:1] }

func (ponderous) Rows(context.Context, flowstore.Query) iter.Seq2[flowstore.Row, error] {
	return func(yield func(flowstore.Row, error) bool) {
		time.Sleep(time.Hour)
		yield(flowstore.Row{}, nil)
	}
}

// Once a request has arrived, the deadline for that ends no answer.
func TestRowsMayTakeLongerThanTheirRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := wired(t, standing(t, func(o *mockserver.Options) { o.Store = ponderous{} }))
		send(t, conn, "GET "+statsPath, templateA)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(strings.TrimSpace(string(body)), "]"), "%s", body)
	})
}
