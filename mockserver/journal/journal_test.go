package journal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/journal"
)

func TestTheLastEntriesAreKeptAndBodiesCut(t *testing.T) {
	j := journal.New(3)
	require.Equal(t, []journal.Entry{}, j.Entries(journal.Filter{}))
	large := []byte(strings.Repeat("x", journal.MaxBody+1))
	for i := range 5 {
		body := []byte{byte('a' + i)}
		j.Add(journal.Entry{Operation: "op", Status: 200 + i%2}, body, large)
		body[0] = '!' // the journal has a copy
	}
	var ids []uint64
	for _, e := range j.Entries(journal.Filter{}) {
		ids = append(ids, e.ID)
		require.Equal(t, string(rune('a'+e.ID-1)), e.Request)
		require.Len(t, e.Response, journal.MaxBody)
	}
	require.Equal(t, []uint64{3, 4, 5}, ids)
	require.Equal(t, 3, j.Clear())
	require.Zero(t, j.Clear())
	j.Add(journal.Entry{Status: 404}, nil, nil)
	got := j.Entries(journal.Filter{})
	require.Len(t, got, 1)
	require.EqualValues(t, 6, got[0].ID, "numbers go on")
	require.Empty(t, got[0].Request+got[0].Response, "nothing of an earlier entry shows")
	require.Equal(t, []journal.Count{{"", 404, 1}, {"op", 200, 3}, {"op", 201, 2}}, j.Counts())
}

func TestAWatcherThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	j := journal.New(0)
	entries, stop := j.Watch()
	for range 1000 {
		j.Add(journal.Entry{}, nil, nil)
	}
	require.EqualValues(t, 1, (<-entries).ID)
	stop()
	j.Add(journal.Entry{}, nil, nil)
	require.Len(t, entries, cap(entries)-1, "nothing comes after the end")
	require.Len(t, j.Entries(journal.Filter{}), journal.DefaultEntries)
}
