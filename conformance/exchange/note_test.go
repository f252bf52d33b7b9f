package exchange_test

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

func TestNotesAreRecordedRedactedAndReadBack(t *testing.T) {
	base, err := url.Parse("http://device.example")
	require.NoError(t, err)
	r, err := exchange.NewRecorder(exchange.Options{Base: base, Transport: http.DefaultTransport, User: "qa", Password: "pass-of-qa"})
	require.NoError(t, err)
	note := exchange.Note{
		Step: "flows", URL: "udp://10.0.0.1:2055", Body: []byte("{\n \"flows\": 7, \"told\": \"pass-of-qa\"\n}"),
		Started: time.Date(2026, 11, 22, 15, 21, 0, 0, time.UTC), Total: time.Minute,
	}
	draft := r.DraftNote("flows/loop", note)
	require.Empty(t, r.Exchanges(), "a draft is not kept")
	x := r.Note("flows/loop", note)
	require.True(t, x.Noted())
	require.False(t, x.Answered())
	require.Equal(t, "x0001", x.ID)
	require.NotContains(t, string(x.Request.Body), "pass-of-qa")
	require.Equal(t, draft.Request, x.Request)
	kept := r.Exchanges()
	require.Equal(t, []exchange.Exchange{x}, kept)

	dir := t.TempDir()
	require.NoError(t, exchange.WriteDir(dir, kept))
	read, err := exchange.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, x.Request, read[0].Request)
	require.True(t, read[0].Noted())
	require.Equal(t, x.Step, read[0].Step)

	var har bytes.Buffer
	require.NoError(t, exchange.WriteHAR(&har, kept, "test"))
	read, err = exchange.ReadHAR(&har)
	require.NoError(t, err)
	require.Equal(t, string(x.Request.Body), string(read[0].Request.Body))
	require.True(t, read[0].Noted())
	require.Equal(t, "flows/loop", read[0].Probe)
	require.Equal(t, "# no request: sent to udp://10.0.0.1:2055 what the body lists", exchange.Curl(x, "https://elsewhere.example"))
}
