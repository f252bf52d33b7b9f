package flowgen_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
)

func TestHourCacheAnswersAsTheGeneratorDoes(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 3})
	cache := flowgen.NewHourCache(g, 2) // less than asked for: days make room for each other
	require.NoError(t, cache.Warm(t.Context(), monday, monday+24, 2))
	var wait sync.WaitGroup
	for worker := range 3 {
		wait.Go(func() {
			for h := int64(-30); h < 60; h += 7 {
				for source := range 3 {
					if got, want := cache.Hour(source, h+int64(worker)), g.Hour(source, h+int64(worker)); got != want {
						t.Errorf("source %d hour %d: cached %+v, computed %+v", source, h, got, want)
					}
				}
			}
		})
	}
	wait.Wait()
	require.LessOrEqual(t, cache.Days(), 2)
}

func TestHourCacheComputesADayOnce(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 1})
	cache := flowgen.NewHourCache(g, 0)
	cache.Hour(0, monday)
	require.Equal(t, 1, cache.Days())
	cache.Hour(0, monday+23)
	require.Equal(t, 1, cache.Days())
	require.Zero(t, testing.AllocsPerRun(10, func() { cache.Hour(0, monday+5) }))
}

func TestWarmStopsWithItsContext(t *testing.T) {
	g := newGenerator(t, flowgen.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cache := flowgen.NewHourCache(g, 0)
	require.ErrorIs(t, cache.Warm(ctx, 0, 24*365*100, 2), context.Canceled)
	require.Less(t, cache.Days(), 365*8)
}
