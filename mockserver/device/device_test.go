package device_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/device"
)

func done(context.Context) (device.Outcome, error) { return device.Outcome{Subdir: "/b/x"}, nil }

func failing(context.Context) (device.Outcome, error) {
	return device.Outcome{Subdir: "/b/x"}, errors.New("disk full")
}

func panicking(context.Context) (device.Outcome, error) { panic("secret") }

func TestJobsPassThroughTheirStatesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device.New(device.Options{Clock: clock.System(), Duration: time.Hour})
		defer d.Close()
		jobs, stop := d.Watch()
		defer stop()
		committed := false
		work := func(context.Context) (device.Outcome, error) {
			return device.Outcome{Subdir: "/b/x", Commit: func() { committed = true }}, nil
		}
		_, err := d.Start(device.Request{Kind: device.Restore, Path: "/b", Work: work})
		require.NoError(t, err)
		_, err = d.Start(device.Request{Kind: device.Backup, Work: done})
		require.ErrorIs(t, err, device.ErrBusy, "one job at a time, of either kind")
		time.Sleep(time.Hour - 1)
		synctest.Wait()
		require.False(t, committed)
		require.Equal(t, device.Executing, d.Restored().Status)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.True(t, committed)
		require.Equal(t, device.Completed, d.Restored().Status)
		require.Equal(t, []device.Status{device.Executing, device.Completed}, []device.Status{(<-jobs).Status, (<-jobs).Status})
		last, latest := d.Backups()
		require.Equal(t, []device.Job{{}, {}}, []device.Job{last, latest}, "a restore is no backup")
	})
}

func TestFailedJobsSayWhyAndLeaveTheLastSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device.New(device.Options{Clock: clock.System()})
		defer d.Close()
		for _, work := range []device.Work{done, failing, panicking} {
			_, err := d.Start(device.Request{Work: work})
			require.NoError(t, err)
			synctest.Wait()
		}
		last, latest := d.Backups()
		require.Equal(t, device.Completed, last.Status)
		require.Equal(t, device.Error, latest.Status)
		require.Equal(t, "internal error", latest.Message)
	})
}

func TestAResetStopsTheJobAndItsOutcomeCountsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device.New(device.Options{Clock: clock.System(), Duration: time.Hour})
		defer d.Close()
		work := func(context.Context) (device.Outcome, error) {
			return device.Outcome{Commit: func() { t.Error("committed after a reset") }}, nil
		}
		_, err := d.Start(device.Request{Work: work})
		require.NoError(t, err)
		require.Equal(t, 1, d.Reset())
		_, err = d.Start(device.Request{Work: done})
		require.NoError(t, err, "nothing runs any more")
		time.Sleep(time.Hour)
		synctest.Wait()
		_, latest := d.Backups()
		require.Equal(t, "/b/x", latest.Subdir)
	})
}

func TestCloseEndsTheWorkAndRefusesMore(t *testing.T) {
	d := device.New(device.Options{Clock: clock.System(), Duration: time.Hour})
	began := make(chan struct{})
	_, err := d.Start(device.Request{Work: func(ctx context.Context) (device.Outcome, error) {
		close(began)
		<-ctx.Done()
		return device.Outcome{}, ctx.Err()
	}})
	require.NoError(t, err)
	<-began
	d.Close()
	d.Close()
	_, err = d.Start(device.Request{Work: done})
	require.ErrorIs(t, err, device.ErrClosed)
}

// step is one thing that happens to a device: a job is started, or time passes.
type step struct {
	start, fails bool
	kind         device.Kind
	pause        time.Duration
}

// TestTheStateMachineByChance starts jobs and lets time pass in any order, and checks what must always hold.
func TestTheStateMachineByChance(t *testing.T) {
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			start: rapid.Bool().Draw(t, "start"), fails: rapid.Bool().Draw(t, "fails"),
			kind: device.Kind(rapid.IntRange(0, 1).Draw(t, "kind")), pause: time.Duration(rapid.IntRange(1, 90).Draw(t, "pause")) * time.Second,
		}
	}), 1, 12)
	rapid.Check(t, func(r *rapid.T) {
		program := steps.Draw(r, "steps")
		wrong := ""
		synctest.Test(t, func(*testing.T) { wrong = run(program) })
		if wrong != "" {
			r.Fatal(wrong)
		}
	})
}

// run returns what was wrong, or nothing. It is in a bubble, in which rapid cannot draw or fail.
func run(program []step) string {
	d := device.New(device.Options{Clock: clock.System(), Duration: time.Minute})
	defer d.Close()
	lastBefore := device.Job{}
	for _, s := range program {
		_, before := d.Backups()
		busy := before.Status == device.Executing || d.Restored().Status == device.Executing
		work := device.Work(done)
		if s.fails {
			work = failing
		}
		if !s.start {
			time.Sleep(s.pause)
		} else if _, err := d.Start(device.Request{Kind: s.kind, Work: work}); (err != nil) != busy {
			return fmt.Sprintf("busy %v, error %v", busy, err)
		}
		synctest.Wait()
		last, latest := d.Backups()
		if last != lastBefore && (latest.Status != device.Completed || last != latest) {
			return fmt.Sprintf("last successful moved to %+v while the latest is %+v", last, latest)
		}
		lastBefore = last
	}
	return ""
}

func TestIdentityIsOfTheSeed(t *testing.T) {
	require.Equal(t, device.Identity(1), device.Identity(1))
	require.NotEqual(t, device.Identity(1).Serial, device.Identity(2).Serial)
	a := device.Identity(1)
	b := a.Clone()
	b.MgmtAddresses[0], b.Settings["time_zone"] = "x", "x"
	require.Equal(t, device.Identity(1), a, "a clone shares nothing")
}
