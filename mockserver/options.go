package mockserver

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/device"
	"github.com/flowgate-dev/flowgate/mockserver/fault"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Options make an Appliance. The zero value is one that works: admin/admin, seed 1, HTTPS on a free port of 127.0.0.1,
// backups in memory, no control plane.
type Options struct {
	Listen  string // HOST:PORT of the API; "" is 127.0.0.1:0, and port 0 any free one
	Control string // HOST:PORT of the control plane; "" is none

	PlainHTTP bool   // HTTP instead of HTTPS
	TLSCert   []byte // PEM; with TLSKey, instead of a certificate made at start
	TLSKey    []byte // PEM

	Users        map[string]string // passwords by name; empty is admin/admin, on loopback addresses only
	PasswordCost int               // of bcrypt; 0 is auth.DefaultCost, or that of the hashes in Access.Accounts
	Access       Access            // ways to log in, further accounts, sessions and tokens

	Seed    uint64           // of everything made up: identity and traffic; 0 is 1
	Sources int              // flow exporters made up; 0 is flowgen's default, or none where there are Collectors
	Profile string           // of the traffic, a name that flowgen knows; "" is its default
	Custom  *flowgen.Profile // if not nil, instead of Profile

	Store flowstore.Store // statistics, instead of traffic made up from Seed, Sources and Profile
	Since time.Time       // begin of that traffic; zero is 2020, or 400 days before the clock's start if that is earlier

	Collectors []Collector         // UDP listeners that real exporters may send to; nil is none, and they exclude Store
	Retention  flowstore.Retention // of what collectors count

	// Data is the directory of all that survives a restart: collected statistics in flows, local backups in backups, and
	// what the appliance is and what its jobs were in appliance.json. "" keeps nothing. Start makes it where it is missing
	// and reads it; an appliance that is a Handler only keeps nothing but backups.
	Data string

	Clock   *clock.Clock    // nil is the machine's
	Dialect dialect.Dialect // answers to the documents' open questions; nil is all defaults

	Faults []fault.Fault // that strike exchanges of the API from the start; nil is none

	Document *openapi.Document // routes and request validation; nil is the embedded one

	// Siblings are documents of further services, whose operations are served from the documents alone: their examples
	// first, then values made up from Seed. Paths and operationIds must be new. nil is none.
	Siblings []*openapi.Document

	Depot       depot.Depot   // of backups to localhost; nil keeps them below Data, or in memory where there is none
	Remote      depot.Open    // of backups to other hosts; nil reaches none
	JobDuration time.Duration // of backups and restores, in the appliance's time; 0 is 2 s
	WorkFactor  int           // of scrypt in backups; 0 is depot.DefaultWorkFactor

	Identity *device.State // what the appliance is; nil is made up from Seed
	Limits   Limits
	Entries  int          // of the journal; 0 is journal.DefaultEntries
	Logger   *slog.Logger // failures of the appliance itself; nil discards them
}

// Collector is one UDP listener for flow exports.
type Collector struct {
	// Protocol is netflow (1, 5, 7, 9 and IPFIX told apart by the version field), netflow5 (1 and 7 too), netflow9, ipfix
	// or sflow; a datagram of any other version is bad. "" is netflow.
	Protocol string
	Listen   string // HOST:PORT; port 0 is any free one
}

// Limits bound what a client may cost. Each zero is the default that stands beside it.
type Limits struct {
	Body        int64         // bytes of a request's body: 1 MiB
	Connections int           // open at once: 1024
	Request     time.Duration // for a whole request to arrive, and for the TLS handshake: 20 s
	Write       time.Duration // for each piece of an answer: 30 s
	Idle        time.Duration // between two requests: 60 s
	Drain       time.Duration // that Close waits for requests under way: 5 s
}

func (l Limits) filled() Limits {
	l.Body = cmp.Or(l.Body, 1<<20)
	l.Connections = cmp.Or(l.Connections, 1024)
	l.Request = cmp.Or(l.Request, 20*time.Second)
	l.Write = cmp.Or(l.Write, 30*time.Second)
	l.Idle = cmp.Or(l.Idle, time.Minute)
	l.Drain = cmp.Or(l.Drain, 5*time.Second)
	return l
}

// filled puts the defaults in the place of zeros.
func (o Options) filled() (Options, error) {
	o.Listen = cmp.Or(o.Listen, "127.0.0.1:0")
	o.Seed = cmp.Or(o.Seed, 1)
	o.JobDuration = cmp.Or(o.JobDuration, 2*time.Second)
	o.Limits = o.Limits.filled()
	if len(o.Users) == 0 && len(o.Access.Accounts) == 0 {
		if !loopback(o.Listen) {
			return o, fmt.Errorf("mockserver: the default account is for loopback addresses only, and %s is none (hint: give users)", o.Listen)
		}
		o.Users = map[string]string{"admin": "admin"}
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Document == nil {
		doc, err := openapi.Load()
		if err != nil {
			return o, err
		}
		o.Document = doc
	}
	if o.Depot == nil {
		o.Depot = o.localDepot()
	}
	if o.Remote == nil {
		o.Remote = depot.NoRoute
	}
	if o.Identity == nil {
		id := device.Identity(o.Seed)
		o.Identity = &id
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// localDepot is where backups to localhost go.
func (o *Options) localDepot() depot.Depot {
	if o.Data == "" {
		return depot.NewMemory()
	}
	return depot.NewLocal(filepath.Join(o.Data, "backups"))
}

// traffic is where statistics come from.
type traffic struct {
	store     flowstore.Store      // that answers
	collected *flowstore.Collected // the part that collectors count into; nil without collectors
	live      *flowstore.Live      // the part that is made up; nil where nothing is
}

func (o *Options) traffic() (t traffic, err error) {
	if err := o.checkCollectors(); err != nil || o.Store != nil {
		return traffic{store: o.Store}, err
	}
	if len(o.Collectors) > 0 {
		t.collected = flowstore.NewCollected(flowstore.CollectedOptions{Retention: o.Retention})
		if o.Sources == 0 {
			t.store = t.collected
			return t, nil
		}
	}
	g, err := flowgen.New(flowgen.Options{Seed: o.Seed, Sources: o.Sources, Profile: o.Profile, Custom: o.Custom})
	if err != nil {
		return t, err
	}
	if o.Since.IsZero() {
		o.Since = TrafficSince(o.Clock.Now())
	}
	t.live = flowstore.NewLive(g)
	synthetic := flowstore.NewSynthetic(t.live, o.Since)
	t.store = synthetic
	if t.collected != nil {
		t.store = flowstore.Joined{Synthetic: synthetic, Collected: t.collected}
	}
	return t, nil
}

// loopback reports whether HOST:PORT can be reached from this machine only.
func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
