package corpus

import (
	"slices"
	"time"
)

// The operations of the OpenAPI document that the suite addresses, by operationId.
const (
	ImportStats  = "getImportStats"
	GetBackup    = "getBackup"
	StartBackup  = "startBackup"
	GetRestore   = "getRestore"
	StartRestore = "startRestore"
)

// Zone is the zone, east of UTC, of a device that answers the window from start to end, written as UTC text, with
// rows at the given times. It is 0 where they lie inside, give or take an interval, and where they tell nothing.
func Zone(start, end time.Time, rows []time.Time) time.Duration {
	const slack = 2 * time.Minute
	if len(rows) == 0 {
		return 0
	}
	first, last := slices.MinFunc(rows, time.Time.Compare), slices.MaxFunc(rows, time.Time.Compare)
	if !first.Before(start.Add(-slack)) && !last.After(end.Add(slack)) {
		return 0
	}
	// Zones are multiples of a quarter of an hour and reach 14 hours; anything else is a fault that rules will find.
	zone := start.Sub(first).Round(15 * time.Minute)
	if zone.Abs() > 14*time.Hour || last.Add(zone).After(end.Add(slack)) || first.Add(zone).Before(start.Add(-slack)) {
		return 0
	}
	return zone
}
