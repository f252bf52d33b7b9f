// Command peers measures `flowgate mock` beside other mock servers, each driven by the same OpenAPI document, in one run
// and in turns, and asks each what it can do. It prints the tables of docs/benchmarks.md. It needs node, Java 17 and the
// packages of package.json; `make peers` sees to those.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// plan is what a run measures.
type plan struct {
	now      func() time.Time
	flowgate string        // the binary
	packages string        // node_modules
	dir      string        // documents and mappings that the peers read
	starts   int           // of each peer; the median is told
	rounds   int           // of load, in each of which every peer has its turn
	turn     time.Duration // of load
	lanes    int           // connections at once
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := plan{now: time.Now}
	flag.StringVar(&p.flowgate, "flowgate", "bin/flowgate", "the binary to measure")
	flag.StringVar(&p.packages, "packages", "tools/peers/node_modules", "folder of the peers' packages")
	flag.IntVar(&p.starts, "starts", 3, "times that each is started")
	flag.IntVar(&p.rounds, "rounds", 5, "turns of load that each has")
	flag.DurationVar(&p.turn, "turn", time.Second, "how long a turn is")
	flag.IntVar(&p.lanes, "connections", 4, "connections at once")
	flag.Parse()
	if err := p.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		return 1
	}
	return 0
}

func (p plan) run(ctx context.Context, out io.Writer) (err error) {
	for _, path := range []*string{&p.flowgate, &p.packages} { // the peers run in a folder of their own
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if p.dir, err = os.MkdirTemp("", "flowgate-peers-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	if err := p.documents(ctx); err != nil {
		return err
	}
	peers, err := p.peers()
	if err != nil {
		return err
	}
	defer func() {
		for _, one := range peers {
			err = errors.Join(err, one.stop())
		}
	}()
	for range p.starts {
		for _, one := range peers {
			if err := errors.Join(one.stop(), p.start(ctx, one)); err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
		}
	}
	for _, one := range peers {
		fmt.Fprintln(os.Stderr, "asking", one.name)
		one.abilities = ask(ctx, one.url)
	}
	if err := p.measure(ctx, peers); err != nil {
		return err
	}
	return tables(out, p, peers)
}

// documents writes what the peers are driven by: the document as it is, and made fit for those that cannot read it.
func (p plan) documents(ctx context.Context) error {
	for _, version := range []string{"3.0", "3.1"} {
		file := filepath.Join(p.dir, version+".json")
		made, err := exec.CommandContext(ctx, p.flowgate, "spec", "print", "--format", "json", "--openapi", version, "-o", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s spec print: %w: %s", p.flowgate, err, made)
		}
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "3.1.json"))
	if err != nil {
		return err
	}
	d, err := parse(text)
	if err != nil {
		return err
	}
	if err := d.stubs(filepath.Join(p.dir, "wiremock", "mappings")); err != nil {
		return err
	}
	return d.basicOnly(filepath.Join(p.dir, "basic.json"))
}

// measure lets every peer have its turn of each request in each round.
func (p plan) measure(ctx context.Context, peers []*peer) error {
	for _, one := range peers {
		rss, err := one.resident()
		if err != nil {
			return err
		}
		one.idle = rss
	}
	for round := range p.rounds + 1 {
		fmt.Fprintln(os.Stderr, "round", round, "of", p.rounds)
		for _, k := range kinds {
			for _, one := range peers {
				l := &one.load[k.place]
				if round == 0 {
					l = &load{} // not counted: machines that compile as they go get warm
				}
				if err := p.turnOf(ctx, one, k, l); err != nil {
					return fmt.Errorf("%s, %s: %w", one.name, k.title, err)
				}
			}
		}
	}
	for _, one := range peers {
		rss, err := one.resident()
		if err != nil {
			return err
		}
		one.loaded = rss
		for i := range one.load {
			slices.Sort(one.load[i].latencies)
		}
		slices.Sort(one.started)
	}
	return nil
}
