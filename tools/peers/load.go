package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// kind is one sort of request of the load; place is that in peer.load.
type kind struct {
	place    int
	title    string
	question question
}

var kinds = [2]kind{
	{0, "GET backup status", question{path: backupAt, user: "admin:admin"}},
	{1, "GET import_stats, one minute", question{path: statsAt, user: "admin:admin", body: window(1702580400, 1702580460)}},
}

// load is what a peer did in all its turns of one kind.
type load struct {
	latencies []time.Duration
	elapsed   time.Duration
	processor time.Duration
}

// turnOf sends one kind of request over all lanes for the length of a turn. Each lane keeps its connection.
func (p plan) turnOf(ctx context.Context, one *peer, k kind, into *load) error {
	text := wire(one.address, k.question)
	before, err := one.spent()
	if err != nil {
		return err
	}
	began := p.now()
	var all sync.WaitGroup
	latencies, problems := make([][]time.Duration, p.lanes), make([]error, p.lanes)
	for i := range p.lanes {
		all.Go(func() {
			l := &lane{now: p.now, address: one.address}
			defer l.close()
			for at := began; ctx.Err() == nil && at.Sub(began) < p.turn; {
				if problems[i] = l.exchange(text); problems[i] != nil {
					return
				}
				done := p.now()
				latencies[i] = append(latencies[i], done.Sub(at))
				at = done
			}
		})
	}
	all.Wait()
	into.elapsed += p.now().Sub(began)
	after, err := one.spent()
	into.processor += after - before
	for _, some := range latencies {
		into.latencies = append(into.latencies, some...)
	}
	return errors.Join(append(problems, err, ctx.Err())...)
}

// wire is a request as it travels.
func wire(host string, q question) string {
	r, _ := q.request(context.Background(), "http://"+host)
	var text strings.Builder
	_ = r.Write(&text) // a Builder never fails
	return text.String()
}

// lane is one connection, as lean a client as can be, so that what is measured is the server.
type lane struct {
	now     func() time.Time
	address string
	conn    net.Conn
	read    *bufio.Reader
}

func (l *lane) exchange(text string) error {
	if l.conn == nil {
		conn, err := net.Dial("tcp", l.address)
		if err != nil {
			return err
		}
		l.conn, l.read = conn, bufio.NewReader(conn)
	}
	if err := l.conn.SetDeadline(l.now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(l.conn, text); err != nil {
		return err
	}
	answer, err := http.ReadResponse(l.read, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	err = errors.Join(err, answer.Body.Close())
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("it answered %s", answer.Status))
	}
	if answer.Close {
		l.close()
	}
	return err
}

func (l *lane) close() {
	if l.conn != nil {
		_ = l.conn.Close() // nothing is lost with it
		l.conn = nil
	}
}
