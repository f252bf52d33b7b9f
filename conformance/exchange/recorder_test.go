package exchange_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seen is what a server saw of a request.
type seen struct {
	Method, URI, Body, Auth, Type, Accept, ID string
	Length                                    int64
}

// device answers every request with handle, after taking note of it.
func device(t *testing.T, handle http.HandlerFunc) (*httptest.Server, *[]seen) {
	t.Helper()
	var mu sync.Mutex
	var all []seen
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, seen{
			r.Method, r.RequestURI, string(body), r.Header.Get("Authorization"), r.Header.Get("Content-Type"),
			r.Header.Get("Accept"), r.Header.Get("X-Request-Id"), r.ContentLength,
		})
		mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &all
}

func recorder(t *testing.T, base string, change func(*exchange.Options)) *exchange.Recorder {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o := exchange.Options{Base: u, Transport: transport, User: "admin", Password: "tr0ub4dor&3", RunID: "run7"}
	if change != nil {
		change(&o)
	}
	r, err := exchange.NewRecorder(o)
	require.NoError(t, err)
	return r
}

func do(t *testing.T, r *exchange.Recorder, q exchange.Request) exchange.Exchange {
	t.Helper()
	x, err := r.Do(t.Context(), "a/probe", q)
	require.NoError(t, err)
	return x
}

func TestGetWithBody(t *testing.T) {
	s, all := device(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip") // and yet not compressed: kept as it came
		_, _ = io.WriteString(w, "[]")
	})
	r := recorder(t, s.URL+"/prefix/", nil)
	x := do(t, r, exchange.Request{Step: "s", Method: "GET", Path: "/api/x?y=1", Body: []byte(`{"a":1}`), Operation: "op", Variant: "A"})
	got := (*all)[0]
	require.Equal(t, "GET", got.Method)
	require.Equal(t, "/prefix/api/x?y=1", got.URI)
	require.Equal(t, `{"a":1}`, got.Body)
	require.EqualValues(t, 7, got.Length)
	require.Equal(t, "application/json", got.Type)
	require.Equal(t, "run7-x0001", got.ID)
	require.Equal(t, "[]", string(x.Response.Body))
	require.Equal(t, "gzip", x.Response.Header.Get("Content-Encoding"))
	require.Equal(t, 200, x.Response.Status)
	require.Equal(t, "HTTP/1.1", x.Response.Proto)
	require.Equal(t, s.URL+"/prefix/api/x?y=1", x.Request.URL)
	require.Equal(t, []string{"x0001", "a/probe", "s", "op", "A"}, []string{x.ID, x.Probe, x.Step, x.Operation, x.Variant})
	require.Equal(t, "Basic REDACTED_CREDENTIALS", x.Request.Header.Get("Authorization"))
	require.Equal(t, []exchange.Exchange{x}, r.Exchanges())
}

func TestCredentials(t *testing.T) {
	s, all := device(t, func(http.ResponseWriter, *http.Request) {})
	r := recorder(t, s.URL, nil)
	basic := func(user, password string) string {
		q, _ := http.NewRequest(http.MethodGet, "/", nil)
		q.SetBasicAuth(user, password)
		return q.Header.Get("Authorization")
	}
	good := basic("admin", "tr0ub4dor&3")
	for _, c := range []struct {
		auth          exchange.Auth
		authorization string
		sent, shown   string
	}{
		{exchange.Account, "", good, "Basic REDACTED_CREDENTIALS"},
		{exchange.None, "", "", ""},
		{exchange.WrongPassword, "", basic("admin", "flowgate-wrong-password"), "Basic REDACTED_CREDENTIALS"},
		{exchange.WrongUser, "", basic("flowgate-nobody", "tr0ub4dor&3"), "Basic REDACTED_CREDENTIALS"},
		{exchange.Verbatim, "Basic", "Basic", "Basic"},
		{exchange.Verbatim, "Basic %%%", "Basic %%%", "Basic %%%"},
		{exchange.Verbatim, basic("", ""), basic("", ""), basic("", "")},
		{exchange.Verbatim, "Flowgate nothing", "Flowgate nothing", "Flowgate nothing"},
		{exchange.Verbatim, good, good, "Basic REDACTED_CREDENTIALS"},
		{exchange.Verbatim, "Bearer abc", "Bearer abc", "Bearer REDACTED_CREDENTIALS"},
	} {
		x := do(t, r, exchange.Request{Method: "GET", Path: "/", Auth: c.auth, Authorization: c.authorization})
		require.Equal(t, c.sent, (*all)[len(*all)-1].Auth)
		require.Equal(t, c.shown, x.Request.Header.Get("Authorization"))
	}
	r = recorder(t, s.URL, func(o *exchange.Options) { o.Password = "flowgate-wrong-password" })
	do(t, r, exchange.Request{Method: "GET", Path: "/", Auth: exchange.WrongPassword})
	require.NotEqual(t, basic("admin", "flowgate-wrong-password"), (*all)[len(*all)-1].Auth)
	r = recorder(t, s.URL, func(o *exchange.Options) {
		o.Authorize = func(q *http.Request) { q.Header.Set("Cookie", "SESSID=0123456789abcdef") }
	})
	x := do(t, r, exchange.Request{Method: "GET", Path: "/0123456789abcdef"})
	require.Equal(t, "SESSID=REDACTED_COOKIE", x.Request.Header.Get("Cookie"))
	require.NotContains(t, x.Request.URL, "0123456789abcdef")
}

func TestContentType(t *testing.T) {
	s, all := device(t, func(http.ResponseWriter, *http.Request) {})
	r := recorder(t, s.URL, nil)
	for _, c := range []struct {
		given string
		body  []byte
		sent  string
	}{{"", []byte("{}"), "application/json"}, {"-", []byte("{}"), ""}, {"text/plain", []byte("{}"), "text/plain"}, {"", nil, ""}} {
		do(t, r, exchange.Request{Method: "GET", Path: "/", Body: c.body, ContentType: c.given})
		require.Equal(t, c.sent, (*all)[len(*all)-1].Type)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s, all := device(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere?code=s3cr3tc0de&x=1", http.StatusFound)
	})
	x := do(t, recorder(t, s.URL, nil), exchange.Request{Method: "GET", Path: "/"})
	require.Len(t, *all, 1)
	require.Equal(t, 302, x.Response.Status)
	require.Equal(t, "/elsewhere?code=REDACTED_CREDENTIALS&x=1", x.Response.Header.Get("Location"))
}

func TestLongBodyIsCut(t *testing.T) {
	const size = 100_000
	s, _ := device(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("a", size)) })
	r := recorder(t, s.URL, func(o *exchange.Options) { o.MaxBody = 1000 })
	x := do(t, r, exchange.Request{Method: "GET", Path: "/"})
	require.Len(t, x.Response.Body, 1000)
	require.Equal(t, size-1000, x.Response.Cut)
	require.Empty(t, x.Error)
	r = recorder(t, s.URL, func(o *exchange.Options) { o.MaxBody, o.MaxRead = 1000, size-1 })
	x = do(t, r, exchange.Request{Method: "GET", Path: "/"})
	require.True(t, strings.HasPrefix(x.Error, "too long: "), x.Error)
	require.Len(t, x.Response.Body, 1000)
	require.Equal(t, size-1-1000, x.Response.Cut)
	r = recorder(t, s.URL, func(o *exchange.Options) { o.MaxBody, o.MaxRead = 1000, size })
	require.Empty(t, do(t, r, exchange.Request{Method: "GET", Path: "/"}).Error)
}

// A secret that lies across the limit is redacted whole.
func TestSecretAcrossTheLimit(t *testing.T) {
	s, _ := device(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("a ", 498)+"tr0ub4dor&3"+strings.Repeat(" b", 9000))
	})
	x := do(t, recorder(t, s.URL, func(o *exchange.Options) { o.MaxBody = 1000 }), exchange.Request{Method: "GET", Path: "/"})
	require.Len(t, x.Response.Body, 1000)
	require.NotContains(t, string(x.Response.Body), "tr0u")
	require.Equal(t, []exchange.Leak{{Secret: "password", Where: "body"}}, x.Leaks)
}

// raw answers each connection with the same bytes and closes it.
func raw(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func TestReasons(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.Config.ErrorLog = discard()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain, _ := device(t, func(http.ResponseWriter, *http.Request) {})
	gone := raw(t, "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	for _, c := range []struct{ name, base, path, word string }{
		{"refused", nobody, "/", "refused"},
		{"unknown authority", secure.URL, "/", "unknown authority"},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "/", "no TLS"},
		{"closed", gone, "/", "connection closed"},
		{"no HTTP", raw(t, "SSH-2.0-OpenSSH_9.2\r\n\r\n"), "/", "no HTTP"},
		{"broken off", raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,"), "/", "broken off"},
		{"no URL", plain.URL, "/%zz?password=hunter2222", "the request could not be built"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := do(t, recorder(t, c.base, nil), exchange.Request{Method: "GET", Path: c.path})
			require.True(t, strings.HasPrefix(x.Error, c.word+": "), x.Error)
			require.NotEmpty(t, x.Hint())
			require.NotContains(t, x.Error+x.Request.URL, "hunter2222")
			require.Equal(t, c.word == "broken off", x.Answered())
			if x.Answered() {
				require.Equal(t, "[1,", string(x.Response.Body))
			}
		})
	}
	trusting := recorder(t, secure.URL, func(o *exchange.Options) {
		o.Transport = secure.Client().Transport
	})
	require.Empty(t, do(t, trusting, exchange.Request{Method: "GET", Path: "/"}).Error)
}

func TestOldTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	s.Config.ErrorLog = discard()
	s.StartTLS()
	t.Cleanup(s.Close)
	r := recorder(t, s.URL, func(o *exchange.Options) {
		o.Transport = &http.Transport{TLSClientConfig: &tls.Config{MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true}} //nolint:gosec // the test is about the version
	})
	x := do(t, r, exchange.Request{Method: "GET", Path: "/"})
	require.True(t, strings.HasPrefix(x.Error, "TLS handshake failed: "), x.Error)
}

// never is a transport that waits for its context.
type never struct{}

func (never) RoundTrip(q *http.Request) (*http.Response, error) {
	<-q.Context().Done()
	return nil, q.Context().Err()
}

func TestTimeoutAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := exchange.NewRecorder(exchange.Options{Base: &url.URL{Scheme: "http", Host: "device"}, Transport: never{}, Timeout: 5 * time.Second})
		require.NoError(t, err)
		x, err := r.Do(t.Context(), "p", exchange.Request{Method: "GET", Path: "/"})
		require.NoError(t, err)
		require.Equal(t, "timeout: no whole answer within 5s", x.Error)
		require.Equal(t, 5*time.Second, x.Total)
		require.False(t, x.Answered())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		x, err = r.Do(ctx, "p", exchange.Request{Method: "GET", Path: "/"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, "cancelled: the run was stopped", x.Error)
		require.Len(t, r.Exchanges(), 2)
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := exchange.NewRecorder(exchange.Options{
			Base: &url.URL{Scheme: "http", Host: "device"}, Rate: 2,
			Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.EOF }),
		})
		require.NoError(t, err)
		start := time.Now()
		for range 5 {
			_, err := r.Do(t.Context(), "p", exchange.Request{Method: "GET", Path: "/"})
			require.NoError(t, err)
		}
		require.Equal(t, 2*time.Second, time.Since(start))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = r.Do(ctx, "p", exchange.Request{Method: "GET", Path: "/"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, r.Exchanges(), 5)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

func TestConcurrentUse(t *testing.T) {
	s, all := device(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	r := recorder(t, s.URL, nil)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			_, err := r.Do(t.Context(), fmt.Sprint(i), exchange.Request{Method: "GET", Path: "/", Secrets: []string{fmt.Sprint("s3cr3t-value-", i)}})
			require.NoError(t, err)
			_ = r.Exchanges()
		})
	}
	wg.Wait()
	require.Len(t, *all, 32)
	for i, x := range r.Exchanges() {
		require.Equal(t, fmt.Sprintf("x%04d", i+1), x.ID)
	}
}

func TestDraftSendsNothing(t *testing.T) {
	s, all := device(t, func(http.ResponseWriter, *http.Request) {})
	r := recorder(t, s.URL, nil)
	x := r.Draft("p", exchange.Request{Method: "POST", Path: "/", Body: []byte(`{"password":"hunter2222"}`)})
	require.Empty(t, *all)
	require.Empty(t, r.Exchanges())
	require.Equal(t, `{"password":"REDACTED_PASSWORD"}`, string(x.Request.Body))
	require.Contains(t, exchange.Curl(x, ""), "--user")
}

func TestOptionsThatCannotWork(t *testing.T) {
	for name, o := range map[string]exchange.Options{
		"Base":      {Transport: never{}},
		"Transport": {Base: &url.URL{Scheme: "https", Host: "device"}},
	} {
		_, err := exchange.NewRecorder(o)
		require.ErrorContains(t, err, name+" is")
	}
	_, err := exchange.NewRecorder(exchange.Options{Transport: never{}, Base: &url.URL{Scheme: "ftp", Host: "device"}})
	require.ErrorContains(t, err, "Base is")
}

func TestSecretsOfTheOptions(t *testing.T) {
	s, _ := device(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error_text":"acc3ss-code, in-the-url, k3pt-later and s3nt-here"}`)
	})
	r := recorder(t, strings.Replace(s.URL, "http://", "http://somebody:in-the-url@", 1), func(o *exchange.Options) {
		o.Secrets = []string{"acc3ss-code"}
	})
	r.Keep("session", "k3pt-later")
	x := do(t, r, exchange.Request{Method: "POST", Path: "/", Body: []byte(`{"security_pwd":"s3nt-here"}`), Secrets: []string{"s3nt-here"}})
	require.Equal(t, `{"error_text":"REDACTED_SECRET, REDACTED_PASSWORD, REDACTED_SESSION and REDACTED_SECURITY_PWD"}`, string(x.Response.Body))
	require.Equal(t, s.URL+"/", x.Request.URL)
	require.Contains(t, x.Leaks, exchange.Leak{Secret: "security_pwd", Where: "body"})
}
