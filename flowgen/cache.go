package flowgen

import (
	"context"
	"sync"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// HourCache remembers hours that a Generator has computed, a UTC day of a
// source at a time, so that a month over many sources is answered at once the
// second time. It is safe for concurrent use.
type HourCache struct {
	generator *Generator
	limit     int

	mu   sync.RWMutex
	days map[sourceDay]*[24]flow.Bucket
	age  []sourceDay // oldest first
}

type sourceDay struct {
	source int
	day    int64
}

// DefaultCachedDays is what a HourCache holds when no limit is given: two
// years of 64 sources, about 75 MB when full.
const DefaultCachedDays = 64 * 731

// NewHourCache makes an empty cache that holds up to the given number of days
// of sources (1.6 KB each); 0 is DefaultCachedDays. The oldest make room.
func NewHourCache(g *Generator, days int) *HourCache {
	if days <= 0 {
		days = DefaultCachedDays
	}
	return &HourCache{generator: g, limit: days, days: map[sourceDay]*[24]flow.Bucket{}}
}

// Hour is Generator.Hour. An hour of a new day computes the whole day.
func (c *HourCache) Hour(source int, unixHour int64) flow.Bucket {
	key := sourceDay{source, floorDiv(unixHour, 24)}
	c.mu.RLock()
	day := c.days[key]
	c.mu.RUnlock()
	if day == nil {
		day = c.compute(key)
	}
	return day[unixHour-key.day*24]
}

// Days is how many days of sources the cache holds now.
func (c *HourCache) Days() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.days)
}

// Warm computes the hours from..to (to excluded) of every source with the
// given number of workers, until done or until ctx ends, whose error it returns.
func (c *HourCache) Warm(ctx context.Context, from, to int64, workers int) error {
	keys := make(chan sourceDay)
	var wait sync.WaitGroup
	for range max(workers, 1) {
		wait.Go(func() {
			for key := range keys {
				c.Hour(key.source, key.day*24)
			}
		})
	}
	defer wait.Wait()
	defer close(keys)
	for day := floorDiv(from, 24); day*24 < to; day++ {
		for source := range c.generator.sources {
			select {
			case keys <- sourceDay{source, day}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

func (c *HourCache) compute(key sourceDay) *[24]flow.Bucket {
	day := new([24]flow.Bucket)
	for h := range day {
		day[h] = c.generator.Hour(key.source, key.day*24+int64(h))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.days[key] == nil {
		if len(c.age) >= c.limit {
			delete(c.days, c.age[0])
			c.age = c.age[1:]
		}
		c.age = append(c.age, key)
	}
	c.days[key] = day
	return day
}
