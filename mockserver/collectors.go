package mockserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// collected is the appliance's collectors and what they have counted. The zero value has none.
type collected struct {
	store *flowstore.Collected // nil without collectors

	archive *flowstore.Archive // nil until Start, and where nothing is kept
	end     context.CancelFunc // of flushing
	flushed sync.WaitGroup

	mu    sync.Mutex // not the appliance's: the control plane asks while that one is held for closing
	ports []*ingest.Collector
}

// checkCollectors refuses protocols that are none, before anything is opened.
func (o *Options) checkCollectors() error {
	for _, c := range o.Collectors {
		if p := cmp.Or(c.Protocol, "netflow"); !slices.Contains(ingest.Protocols(), p) {
			return fmt.Errorf("mockserver: %q is no protocol of a collector (expected one of %v)", p, ingest.Protocols())
		}
	}
	if len(o.Collectors) > 0 && o.Store != nil {
		return errors.New("mockserver: collectors count into a store of their own (hint: give collectors or a store, not both)")
	}
	return nil
}

// startCollectors opens all collectors and tells where they listen, by protocol. The second of a protocol is told as
// netflow-2, and so on.
func (a *Appliance) startCollectors() (map[string]string, error) {
	a.collected.mu.Lock()
	defer a.collected.mu.Unlock()
	if err := a.keepCollected(); err != nil {
		return nil, fmt.Errorf("mockserver: %w", err)
	}
	at := map[string]string{}
	for _, c := range a.options.Collectors {
		port, err := ingest.Listen(ingest.Options{
			Protocol: c.Protocol, Listen: c.Listen, Sink: a.collected.store, Now: a.clock.Now, Rules: ingest.RulesOf(a.Dialect()), Logger: a.log,
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("mockserver: %w", err), a.collected.stop())
		}
		a.collected.ports = append(a.collected.ports, port)
		name := cmp.Or(c.Protocol, "netflow")
		for n := 2; at[name] != ""; n++ {
			name = fmt.Sprintf("%s-%d", cmp.Or(c.Protocol, "netflow"), n)
		}
		at[name] = port.Addr().String()
	}
	return at, nil
}

// flushEvery is how often what was counted is written: half of what a kill may lose.
const flushEvery = 500 * time.Millisecond

// keepCollected reads what an earlier appliance has left in the data directory and keeps what is counted there.
func (a *Appliance) keepCollected() error {
	c := &a.collected
	if a.options.Data == "" || c.store == nil {
		return nil
	}
	dir := filepath.Join(a.options.Data, "flows")
	archive, found, err := flowstore.OpenArchive(dir, c.store, flowstore.ArchiveOptions{})
	if err != nil {
		return err
	}
	if found.Torn > 0 {
		a.log.Warn("the log of statistics ended within a write; that write is left out", "dir", dir, "bytes", found.Torn)
	}
	c.archive = archive
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	c.flushed.Go(func() {
		for clock.Pause(ctx, flushEvery) == nil {
			if err := archive.Flush(); err != nil {
				a.log.Error("statistics cannot be kept; it is tried again", "dir", dir, "error", err)
			}
		}
	})
	return nil
}

// stop closes all collectors, and then writes what they have counted. The caller holds the lock.
func (c *collected) stop() error {
	var errs []error
	for _, port := range c.ports {
		errs = append(errs, port.Close())
	}
	if c.archive != nil {
		c.end()
		c.flushed.Wait()
		errs = append(errs, c.archive.Close())
	}
	return errors.Join(errs...)
}

func (a *Appliance) stopCollectors() error {
	a.collected.mu.Lock()
	defer a.collected.mu.Unlock()
	return a.collected.stop()
}

// Collectors tells what each collector has seen since the start, in the order of Options; none before Start.
func (a *Appliance) Collectors() []ingest.Counters {
	a.collected.mu.Lock()
	ports := a.collected.ports
	a.collected.mu.Unlock()
	var out []ingest.Counters
	for _, port := range ports {
		out = append(out, port.Counters())
	}
	return out
}

// follow lets collectors count as a dialect says.
func (c *collected) follow(d dialect.Dialect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, port := range c.ports {
		port.Follow(ingest.RulesOf(d))
	}
}

// forgetCollected drops the collected statistics, and the templates that exporters have sent.
func (a *Appliance) forgetCollected() (sources int) {
	if a.collected.store == nil {
		return 0
	}
	a.collected.mu.Lock()
	defer a.collected.mu.Unlock()
	for _, port := range a.collected.ports {
		port.Forget()
	}
	return a.collected.store.Clear()
}
