package flowgen_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// cpuTime is what this process has used so far. The bars are set in CPU time
// because wall time tells more of a machine's other guests than of this code.
func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// perOp runs f b.N times and reports its CPU time.
func perOp(b *testing.B, f func(i int64)) {
	b.ReportAllocs()
	start := cpuTime(b)
	for i := range int64(b.N) {
		f(i)
	}
	b.ReportMetric(float64((cpuTime(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func BenchmarkSecond(b *testing.B) {
	g := newGenerator(b, flowgen.Options{})
	perOp(b, func(i int64) { g.Second(int(i&7), monday*3600+i) })
}

func BenchmarkMinute(b *testing.B) {
	g := newGenerator(b, flowgen.Options{})
	perOp(b, func(i int64) { g.Minute(int(i&7), monday*60+i) })
}

func BenchmarkHour(b *testing.B) {
	g := newGenerator(b, flowgen.Options{})
	perOp(b, func(i int64) { g.Hour(int(i&7), monday+i) })
}

// 64 sources for 30 days, by the hour, from nothing and again.
func BenchmarkMonthOf64Sources(b *testing.B) {
	g := newGenerator(b, flowgen.Options{Sources: 64})
	read := func(c *flowgen.HourCache) {
		for source := range 64 {
			for h := int64(monday); h < monday+720; h++ {
				c.Hour(source, h)
			}
		}
	}
	b.Run("cold", func(b *testing.B) {
		perOp(b, func(int64) { read(flowgen.NewHourCache(g, 0)) })
	})
	b.Run("cold-2-workers", func(b *testing.B) {
		perOp(b, func(int64) {
			c := flowgen.NewHourCache(g, 0)
			if err := c.Warm(b.Context(), monday, monday+720, 2); err != nil {
				b.Fatal(err)
			}
			read(c)
		})
	})
	b.Run("warm", func(b *testing.B) {
		c := flowgen.NewHourCache(g, 0)
		read(c)
		b.ResetTimer()
		perOp(b, func(int64) { read(c) })
	})
}
