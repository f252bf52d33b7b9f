package ingest_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/ipv4"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/pace"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
)

// full is a NetFlow v5 datagram of 30 records: 1464 bytes.
func full() []byte {
	b := make([]byte, 24+30*48)
	binary.BigEndian.PutUint16(b, 5)
	binary.BigEndian.PutUint16(b[2:], 30)
	for at := 24; at < len(b); at += 48 {
		binary.BigEndian.PutUint32(b[at+16:], 7)
		binary.BigEndian.PutUint32(b[at+20:], 4200)
	}
	return b
}

// tally is a Sink that also tells how many datagrams have arrived.
type tally struct {
	store *flowstore.Collected
	n     atomic.Int64
}

func (s *tally) Count(arrivals []flowstore.Arrival) int {
	refused := s.store.Count(arrivals)
	s.n.Add(int64(len(arrivals)))
	return refused
}

// pump sends n datagrams in batches of 64 with at most 1024 on their way, so that none is lost, and returns how long it
// took until all of them had arrived.
func pump(b *testing.B, out *ipv4.PacketConn, messages []ipv4.Message, n int, arrived *atomic.Int64) time.Duration {
	began, start := time.Now(), arrived.Load()
	for sent := 0; sent < n; {
		if int64(sent)-(arrived.Load()-start) > 1024-int64(len(messages)) {
			time.Sleep(0)
			continue
		}
		done, err := out.WriteBatch(messages, 0)
		require.NoError(b, err)
		sent += done
		if sent >= n {
			n = sent
		}
	}
	for arrived.Load()-start < int64(n) {
		time.Sleep(0)
	}
	return time.Since(began)
}

func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sending is a socket and a batch of datagrams to an address.
func sending(b *testing.B, to net.Addr) (*ipv4.PacketConn, []ipv4.Message) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	messages := make([]ipv4.Message, 64)
	for i := range messages {
		messages[i] = ipv4.Message{Buffers: [][]byte{full()}, Addr: to}
	}
	return ipv4.NewPacketConn(c), messages
}

// BenchmarkBesideBareUDP sends the same datagrams over loopback, in turns, to a collector and to a socket that is read
// in batches by a loop that does nothing.
func BenchmarkBesideBareUDP(b *testing.B) {
	bare, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(b, err)
	require.NoError(b, bare.SetReadBuffer(8<<20))
	var read atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		room := make([]ipv4.Message, 64)
		for i := range room {
			room[i].Buffers = [][]byte{make([]byte, 1<<16)}
		}
		in := ipv4.NewPacketConn(bare)
		for {
			n, err := in.ReadBatch(room, 0)
			if err != nil {
				return
			}
			read.Add(int64(n))
		}
	}()
	sink := &tally{store: flowstore.NewCollected(flowstore.CollectedOptions{})}
	c, err := ingest.Listen(ingest.Options{Protocol: "netflow5", Listen: "127.0.0.1:0", Sink: sink, Now: time.Now})
	require.NoError(b, err)
	plainOut, plain := sending(b, bare.LocalAddr())
	out, messages := sending(b, net.UDPAddrFromAddrPort(c.Addr()))
	var bareTime, ours, bareCPU, cpu time.Duration
	const turn = 1 << 12
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		before := spent(b)
		bareTime += pump(b, plainOut, plain, turn, &read)
		between := spent(b)
		ours += pump(b, out, messages, turn, &sink.n)
		bareCPU += between - before
		cpu += spent(b) - between
	}
	total := float64((b.N + turn - 1) / turn * turn)
	b.ReportMetric(total/ours.Seconds(), "dg/s")
	b.ReportMetric(total/bareTime.Seconds(), "bare-dg/s")
	b.ReportMetric(bareTime.Seconds()/ours.Seconds(), "ratio")
	b.ReportMetric(bareCPU.Seconds()/cpu.Seconds(), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
	require.Zero(b, c.Counters().Dropped)
	require.NoError(b, c.Close())
	require.NoError(b, bare.Close())
	<-done
}

// BenchmarkThousandSources sends from 1,000 addresses, 20,000 datagrams a second, and reports how many were lost.
func BenchmarkThousandSources(b *testing.B) {
	const rate = 20000
	store := flowstore.NewCollected(flowstore.CollectedOptions{})
	sink := &tally{store: store}
	c, err := ingest.Listen(ingest.Options{Protocol: "netflow", Listen: "127.0.0.1:0", Sink: sink, Now: time.Now})
	require.NoError(b, err)
	var sockets []*net.UDPConn
	for _, a := range flowgen.LoopbackAddrs(1000) {
		s, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
		require.NoError(b, err)
		defer s.Close() //nolint:errcheck // of a benchmark
		sockets = append(sockets, s)
	}
	payload, to := full(), c.Addr()
	pacer := pace.Pacer{Rate: rate, Burst: 64}
	began := time.Now()
	b.ResetTimer()
	for i := range b.N {
		time.Sleep(pacer.Wait(time.Now()))
		_, err := sockets[i%len(sockets)].WriteToUDPAddrPort(payload, to)
		require.NoError(b, err)
	}
	reached := float64(b.N) / time.Since(began).Seconds()
	require.Eventually(b, func() bool { return sink.n.Load()+int64(c.Counters().Dropped) == int64(b.N) }, time.Minute, time.Millisecond)
	require.NoError(b, c.Close())
	b.ReportMetric(reached, "dg/s")
	b.ReportMetric(float64(int64(b.N)-sink.n.Load()), "lost")
	b.ReportMetric(0, "ns/op")
}
