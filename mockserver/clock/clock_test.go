package clock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
)

func TestSystemClockFollowsTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.System()
		start := c.Now()
		require.True(t, start.Equal(time.Now()))
		time.Sleep(90 * time.Minute)
		require.Equal(t, 90*time.Minute, c.Now().Sub(start))
		require.Equal(t, time.UTC, c.Now().Location())
	})
}

func TestRateScalesTimeAndZeroStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Date(2024, 1, 8, 22, 11, 0, 0, time.UTC)
		c, err := clock.Starting(at, 60)
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, at.Add(time.Minute), c.Now())
		require.NoError(t, c.SetRate(0))
		time.Sleep(time.Hour)
		require.Equal(t, at.Add(time.Minute), c.Now())
		require.NoError(t, c.SetRate(1))
		time.Sleep(time.Second)
		require.Equal(t, at.Add(time.Minute+time.Second), c.Now())
		c.Reset()
		require.Equal(t, at, c.Now())
		require.InDelta(t, 60, c.Rate(), 0)
	})
}

func TestARateThatCannotBeIsRefused(t *testing.T) {
	for _, rate := range []float64{-1, clock.MaxRate * 2} {
		_, err := clock.Starting(time.Unix(0, 0), rate)
		require.ErrorContains(t, err, "expected 0")
		require.Error(t, clock.System().SetRate(rate))
	}
}

func TestWaitEndsByTimeByAJumpAndByTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Date(2024, 1, 8, 22, 11, 0, 0, time.UTC)
		c, err := clock.Starting(at, 0)
		require.NoError(t, err)
		done := make(chan error, 1)
		wait := func(ctx context.Context, d time.Duration) { go func() { done <- c.Wait(ctx, at.Add(d)) }() }

		wait(t.Context(), time.Hour)
		synctest.Wait()
		c.Advance(59 * time.Minute)
		synctest.Wait()
		require.Empty(t, done)
		c.Set(at.Add(time.Hour))
		require.NoError(t, <-done)

		wait(t.Context(), 2*time.Hour)
		require.NoError(t, c.SetRate(3600))
		began := time.Now()
		require.NoError(t, <-done)
		require.Equal(t, time.Second, time.Since(began))

		ctx, cancel := context.WithCancel(t.Context())
		wait(ctx, 24*365*time.Hour)
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
}
