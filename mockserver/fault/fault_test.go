package fault_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/fault"
)

func TestAFaultIsReadAsItIsWritten(t *testing.T) {
	for _, spec := range []string{
		"latency:by=200ms", "status:code=503,times=2", "empty", "reset:operation=getBackup", "hang:after=3", "cut",
		"cut:at=0,chance=0.25", "slow:rate=1,after=2,times=1", "corrupt:at=17,operation=getImportStats,chance=1,after=1,times=9",
	} {
		f, err := fault.Parse(spec)
		require.NoError(t, err)
		require.Equal(t, spec, f.String())
	}
}

func TestAFaultThatCannotBeReadSaysWhatIsExpected(t *testing.T) {
	for spec, says := range map[string]string{
		"":                          "the faults are corrupt, cut, empty, hang, latency, reset, slow, status",
		"Latency:by=1s":             "is not known",
		"latency":                   "needs by; hint: write latency:by=200ms",
		"latency:by=0s":             "want a duration above 0",
		"latency:by=2h":             "up to 1h",
		"latency:by=1s,by=2s":       "by is given twice",
		"latency:by=1s,at=3":        `has no setting "at"; hint: it takes by, operation, chance, after, times`,
		"status:code=99":            "want a status from 200 to 599",
		"status:code=600":           "want a status from 200 to 599",
		"cut:at=-1":                 "want bytes from 0 on",
		"slow:rate=0":               "want bytes a second from 1 on",
		"reset:chance=0":            "want a number above 0 and up to 1",
		"reset:chance=NaN":          "want a number above 0 and up to 1",
		"reset:times=0":             "want a number from 1 on",
		"reset:after=-1":            "want a number of exchanges from 0 on",
		"reset:operation=":          "want an operationId",
		"corrupt:at=99999999999999": "want bytes from 0 on",
	} {
		_, err := fault.Parse(spec)
		require.ErrorContains(t, err, says, spec)
	}
}

// names strikes n exchanges of an operation and says what struck each.
func names(s *fault.Set, operation string, n int) []string {
	var out []string
	for range n {
		var struck []string
		for _, f := range s.Strike(operation) {
			struck = append(struck, string(f.Name))
		}
		out = append(out, strings.Join(struck, "+"))
	}
	return out
}

func parsed(t *testing.T, specs ...string) []fault.Fault {
	t.Helper()
	var out []fault.Fault
	for _, s := range specs {
		f, err := fault.Parse(s)
		require.NoError(t, err)
		out = append(out, f)
	}
	return out
}

func TestFaultsStrikeWhomAndHowOftenTheyShould(t *testing.T) {
	s := fault.NewSet(1)
	require.Equal(t, []string{"", ""}, names(s, "a", 2))
	s.Replace(parsed(t, "reset:after=1,times=2,operation=a", "latency:by=1s"))
	require.Equal(t, []string{"latency"}, names(s, "b", 1))
	require.Equal(t, []string{"latency", "reset+latency", "reset+latency", "latency"}, names(s, "a", 4))
	require.Len(t, s.List(), 1, "a spent fault is gone")
	s.Replace(parsed(t, "reset:times=1"))
	require.Equal(t, []string{"reset", ""}, names(s, "", 2))
	s.Replace(nil)
	require.Equal(t, []string{""}, names(s, "a", 1))
}

func TestChanceAndPlaceFollowTheSeed(t *testing.T) {
	draw := func(seed uint64) []int64 {
		s := fault.NewSet(seed)
		s.Replace(parsed(t, "cut:chance=0.3"))
		var out []int64
		for range 200 {
			at := int64(-1)
			for _, f := range s.Strike("a") {
				at = f.At
			}
			out = append(out, at)
		}
		return out
	}
	one := draw(1)
	require.Equal(t, one, draw(1))
	require.NotEqual(t, one, draw(2))
	spared := 0
	for _, at := range one {
		if at < 0 {
			spared++
		}
	}
	require.Greater(t, spared, 100)
	require.Less(t, spared, 180)
	require.Greater(t, len(slices.Compact(slices.Sorted(slices.Values(one)))), 20, "the place differs from exchange to exchange")
}

func request(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
}

func TestWaitingFaultsTakeTheirTimeAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		over, _ := fault.Before(httptest.NewRecorder(), request(t.Context()), parsed(t, "latency:by=250ms", "latency:by=1s"))
		require.False(t, over)
		require.Equal(t, 1250*time.Millisecond, time.Since(began))

		began = time.Now()
		rec := httptest.NewRecorder()
		body := bytes.Repeat([]byte("x"), 995)
		n, err := fault.Wrap(rec, request(t.Context()), parsed(t, "slow:rate=100")).Write(body)
		require.NoError(t, err)
		require.Equal(t, 995, n)
		require.Equal(t, body, rec.Body.Bytes())
		require.Equal(t, 10*time.Second, time.Since(began))

		for _, spec := range []string{"latency:by=1h", "hang"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began = time.Now()
			over, abort := fault.Before(httptest.NewRecorder(), request(ctx), parsed(t, spec))
			cancel()
			require.True(t, over && abort, "%s: nobody waits for the answer any more", spec)
			require.Equal(t, time.Second, time.Since(began), spec)
		}
	})
}

func TestBodiesMeetTheirFault(t *testing.T) {
	through := func(spec string, pieces ...string) (string, error) {
		rec := httptest.NewRecorder()
		w := fault.Wrap(rec, request(t.Context()), parsed(t, spec))
		for _, p := range pieces {
			if _, err := w.Write([]byte(p)); err != nil {
				return rec.Body.String(), err
			}
		}
		return rec.Body.String(), nil
	}
	got, err := through("cut:at=5", "abc", "def", "ghi")
	require.Error(t, err)
	require.Equal(t, "abcde", got)
	got, err = through("cut:at=0", "abc")
	require.Error(t, err)
	require.Empty(t, got)
	got, err = through("cut:at=9", "abc", "def", "ghi")
	require.NoError(t, err)
	require.Equal(t, "abcdefghi", got)
	got, err = through("corrupt:at=4", "abc", "def", "ghi")
	require.NoError(t, err)
	require.Equal(t, "abcddfghi", got)
	got, err = through("latency:by=1ms", "abc")
	require.NoError(t, err)
	require.Equal(t, "abc", got)
}
