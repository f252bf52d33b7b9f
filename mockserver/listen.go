package mockserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"

	"golang.org/x/net/netutil"
)

// Endpoint tells where a started appliance is.
type Endpoint struct {
	URL         string            // of the API, without a path
	Control     string            // of the control plane; "" where there is none
	Collectors  map[string]string // HOST:PORT of each collector by its protocol; further ones of a protocol as netflow-2
	CA          []byte            // PEM of the certificate to trust; nil with plain HTTP
	Fingerprint string            // "sha256:" and the hex digest of that certificate; "" with plain HTTP
}

// controlPlane is the name of the second listener. Its streams of events never end by themselves.
const controlPlane = "control plane"

// listener is a server and the end of its serving.
type listener struct {
	name   string
	server *http.Server
	end    context.CancelFunc
	done   chan error
}

// Start listens, on the API's address and, if there is one, the control plane's, and returns where. Once it returns,
// connections are accepted. The error is that of listening, of what was kept in Options.Data, or of a second Start.
func (a *Appliance) Start() (Endpoint, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.started || a.closed {
		return Endpoint{}, errors.New("mockserver: this appliance has been started already (hint: make a new one)")
	}
	if err := a.recall(); err != nil {
		return Endpoint{}, err
	}
	socket, err := net.Listen("tcp", a.options.Listen)
	if err != nil {
		return Endpoint{}, fmt.Errorf("mockserver: cannot listen on %s: %w", a.options.Listen, err)
	}
	e := Endpoint{URL: "http://" + socket.Addr().String()}
	socket = netutil.LimitListener(socket, a.limits.Connections)
	var config *tls.Config
	if !a.options.PlainHTTP {
		cert, err := a.certificate(socket.Addr())
		if err != nil {
			return Endpoint{}, errors.Join(err, socket.Close())
		}
		e.URL = "https://" + socket.Addr().String()
		e.CA, e.Fingerprint = pemOf(cert), fingerprint(cert)
		config = &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
			NextProtos: []string{"h2", "http/1.1", "http/1.0"}, // old clients offer the last alone, and would be turned away
		}
	}
	if e.Collectors, err = a.startCollectors(); err != nil {
		return Endpoint{}, errors.Join(err, socket.Close())
	}
	if e.Control, err = a.startControl(); err != nil {
		return Endpoint{}, errors.Join(err, socket.Close(), a.stopCollectors())
	}
	a.serve("API", socket, &http.Server{Handler: a, TLSConfig: config})
	a.started, a.endpoint = true, e
	return e, nil
}

// serve runs a server on a socket.
func (a *Appliance) serve(name string, socket net.Listener, s *http.Server) {
	s.ReadTimeout, s.IdleTimeout, s.MaxHeaderBytes = a.limits.Request, a.limits.Idle, 64<<10
	s.DisableGeneralOptionsHandler = true
	s.ErrorLog = log.New(quiet{a.log}, "", 0)
	ctx, cancel := context.WithCancel(context.Background())
	s.BaseContext = func(net.Listener) context.Context { return ctx }
	l := &listener{name: name, server: s, end: cancel, done: make(chan error, 1)}
	a.listeners = append(a.listeners, l)
	go func() {
		if s.TLSConfig != nil {
			l.done <- s.ServeTLS(socket, "", "")
		} else {
			l.done <- s.Serve(socket)
		}
	}()
}

// quiet makes debug messages of what net/http has to say about bad clients.
type quiet struct{ log *slog.Logger }

func (q quiet) Write(p []byte) (int, error) {
	q.log.Debug("connection", "message", string(p))
	return len(p), nil
}

// Close stops listening, lets requests under way end for as long as the limit says, and then cuts them; it stops the
// job that runs. The error names what had to be cut. It may be called twice, and without Start.
func (a *Appliance) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	defer a.device.Close()
	ctx, cancel := context.WithTimeout(context.Background(), a.limits.Drain)
	defer cancel()
	errs := []error{a.stopCollectors()}
	for _, l := range a.listeners {
		if l.name == controlPlane {
			l.end()
		}
		if err := l.server.Shutdown(ctx); err != nil {
			cut := fmt.Errorf("mockserver: requests to the %s were still under way after %v and have been cut", l.name, a.limits.Drain)
			errs = append(errs, cut, l.server.Close())
		}
		l.end()
		if err := <-l.done; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, fmt.Errorf("mockserver: the %s had ended before: %w", l.name, err))
		}
	}
	return errors.Join(errs...)
}
