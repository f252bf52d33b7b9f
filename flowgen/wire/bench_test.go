package wire_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// perFlow runs f b.N times and reports flows per second of CPU time.
func perFlow(b *testing.B, flows int, f func()) {
	b.ReportAllocs()
	start := cpuTime(b)
	for range b.N {
		f()
	}
	spent := cpuTime(b) - start
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N*flows), "cpu-ns/flow")
	b.ReportMetric(float64(b.N*flows)/spent.Seconds()/1e6, "Mflows/cpu-s")
}

// recordCopies is the yardstick of the machine at that moment: as many bytes
// as the payload has, copied a record at a time from records as far apart as
// flow.Record is long.
func recordCopies(b *testing.B, layout wire.Layout) {
	records := make([]flow.Record, layout.Cap(false))
	size, stride := layout.Record(false), int(unsafe.Sizeof(flow.Record{}))
	from, to := make([]byte, len(records)*max(stride, size)), make([]byte, len(records)*size)
	b.Run(layout.Protocol.String()+"/copy", func(b *testing.B) {
		perFlow(b, len(records), func() {
			for i := range records {
				copy(to[i*size:][:size], from[i*stride:][:size])
			}
		})
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, p := range flow.Protocols() {
		recordCopies(b, wire.Layout{Protocol: p})
		b.Run(p.String(), func(b *testing.B) {
			e := newEncoder(p, false)
			records := someRecords(e.Layout.Cap(false), p, false)
			buffer := make([]byte, 0, 2000)
			perFlow(b, len(records), func() {
				if _, err := e.AppendData(buffer, now, records); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, p := range flow.Protocols() {
		e, d := newEncoder(p, false), &wire.Decoder{}
		other := &goflow2{netflow.CreateTemplateSystem()}
		if keep := e.AppendHousekeeping(nil, now); len(keep) > 0 {
			_, err := d.Decode(router, keep)
			require.NoError(b, err)
			other.read(b, p, keep)
		}
		n := e.Layout.Cap(false)
		payload, err := e.AppendData(nil, now, someRecords(n, p, false))
		require.NoError(b, err)
		recordCopies(b, e.Layout)
		b.Run(p.String()+"/count", func(b *testing.B) {
			perFlow(b, n, func() {
				if _, err := d.Decode(router, payload); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run(p.String()+"/records", func(b *testing.B) {
			records := make([]flow.Record, 0, n)
			perFlow(b, n, func() {
				if _, _, err := d.Records(router, payload, records); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run(p.String()+"/goflow2", func(b *testing.B) {
			perFlow(b, n, func() { other.read(b, p, payload) })
		})
	}
}
