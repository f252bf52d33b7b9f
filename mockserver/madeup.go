package mockserver

import (
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// TrafficSince is when the made-up traffic of an appliance begins whose clock starts at now and whose options do not
// say: 2020, or 400 days before that if it is earlier.
func TrafficSince(now time.Time) time.Time {
	usual := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	if early := now.AddDate(0, 0, -400); early.Before(usual) {
		return early
	}
	return usual
}

// AppendRow appends one row as an answer of import_stats has it, an object without anything around it.
func AppendRow(b []byte, r flowstore.Row) []byte { return new(rowTimes).appendRow(b, &r) }
