package device_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/device"
)

// TestARecordIsAllThatADeviceKnows stops a device at each of its changes, as a kill would, and lets another go on.
func TestARecordIsAllThatADeviceKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept []string
		d := device.New(device.Options{Clock: clock.System(), Duration: time.Minute, Keep: func(r device.Record) {
			text, err := json.Marshal(r)
			require.NoError(t, err)
			kept = append(kept, string(text))
		}})
		defer d.Close()
		_, err := d.Start(device.Request{Kind: device.Backup, Host: "h", Username: "u", Path: "/b", Work: done})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		_, err = d.Start(device.Request{Kind: device.Restore, Path: "/b", Work: failing})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, kept, 4, "each start and each end")

		resumed := func(i int) *device.Device {
			var r device.Record
			require.NoError(t, json.Unmarshal([]byte(kept[i]), &r))
			e := device.New(device.Options{Clock: clock.System()})
			t.Cleanup(e.Close)
			require.NoError(t, e.Resume(r))
			return e
		}
		_, latest := resumed(0).Backups()
		require.Equal(t, device.Error, latest.Status, "a job does not go on by itself")
		require.Equal(t, device.Interrupted, latest.Message)
		require.Len(t, resumed(0).History(), 1)
		last, latest := resumed(1).Backups()
		wantLast, wantLatest := d.Backups()
		require.Equal(t, []device.Job{wantLast, wantLatest}, []device.Job{last, latest})
		require.Equal(t, device.Interrupted, resumed(2).Restored().Message)
		end := resumed(3)
		require.Equal(t, d.Restored(), end.Restored())
		require.Equal(t, d.History(), end.History())
		require.Len(t, end.History(), 2)
		_, err = end.Start(device.Request{Work: done})
		require.NoError(t, err, "nothing runs")
		require.Error(t, end.Resume(device.Record{}))
		require.Equal(t, 2, d.Reset())
		require.Empty(t, d.History())
		require.Len(t, kept, 5)
	})
}

func TestTheHistoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device.New(device.Options{Clock: clock.System()})
		defer d.Close()
		for range device.MaxHistory + 3 {
			_, err := d.Start(device.Request{Work: done})
			require.NoError(t, err)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		require.Len(t, d.History(), device.MaxHistory)
		_, latest := d.Backups()
		require.Equal(t, latest, d.History()[device.MaxHistory-1])
	})
}

func TestWordsThatAreNone(t *testing.T) {
	for _, text := range []string{`{"backup":{"status":"DONE"}}`, `{"backup":{"kind":"copy"}}`} {
		require.ErrorContains(t, json.Unmarshal([]byte(text), &device.Record{}), "expected")
	}
}
