// Package device is the appliance behind its API: what it is and holds, and its two kinds of jobs, backup and restore,
// as a state machine. It opens no sockets and knows no depot; what a job does is handed to it.
package device

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
)

// Status is where a job is. It rises from None over Executing to Completed or Error and never falls.
type Status uint8

// The documented values (backup, Response Body: status).
const (
	None Status = iota
	Executing
	Error
	Completed
)

// String is the documented word.
func (s Status) String() string {
	return [...]string{"NONE", "EXECUTING", "ERROR", "COMPLETED"}[s]
}

// Kind is what a job does.
type Kind uint8

// The two kinds of job.
const (
	Backup Kind = iota
	Restore
)

// String is the kind's word.
func (k Kind) String() string { return [...]string{"backup", "restore"}[k] }

// Job is one backup or restore. The zero value is the job that never ran: its Status is None.
type Job struct {
	Kind     Kind      `json:"kind"`
	Host     string    `json:"host"` // as it was given
	Username string    `json:"username"`
	Path     string    `json:"path"`
	Subdir   string    `json:"subdir"`  // the backup's directory below Path, once it is known
	Message  string    `json:"message"` // warnings and errors; never holds a secret
	Started  time.Time `json:"started"`
	Status   Status    `json:"status"`
}

// Outcome is what a job's work leaves behind.
type Outcome struct {
	Subdir  string
	Message string
	Commit  func() // runs at the moment at which the job becomes Completed; may be nil
}

// Work does what a job is for. Its error's text becomes the job's message, so it must not hold a secret. The outcome's
// Subdir counts even where there is an error.
type Work func(ctx context.Context) (Outcome, error)

// Request describes a job to start.
type Request struct {
	Kind                 Kind
	Host, Username, Path string
	Work                 Work
}

// ErrBusy says that another job runs.
var ErrBusy = errors.New("another job is running")

// ErrClosed says that the device has been switched off.
var ErrClosed = errors.New("the appliance is shutting down")

// Options make a Device.
type Options struct {
	Clock    *clock.Clock
	Duration time.Duration // of a job, in the appliance's time; its work may take longer
	// Keep gets the record of all jobs whenever it changes, one call after the other, after the outcome of a job has been
	// committed. It must not call the device. nil keeps nothing.
	Keep func(Record)
}

// Device runs at most one job at a time. It is safe for concurrent use.
type Device struct {
	options Options
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	epoch   int // counts resets: a job of an earlier epoch changes nothing
	stop    context.CancelFunc
	last    Job    // the last backup that succeeded
	latest  [2]Job // the latest started, by kind
	history []Job  // those that have ended
	watch   map[chan Job]struct{}
}

// New returns a device without jobs. Close ends what it starts.
func New(options Options) *Device {
	ctx, cancel := context.WithCancel(context.Background())
	return &Device{options: options, ctx: ctx, cancel: cancel, watch: map[chan Job]struct{}{}}
}

// Start starts a job and returns it as Executing. The error is ErrBusy while another job runs, of either kind, and
// ErrClosed after Close.
func (d *Device) Start(r Request) (Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return Job{}, ErrClosed
	case d.busy():
		return Job{}, ErrBusy
	}
	job := Job{Kind: r.Kind, Host: r.Host, Username: r.Username, Path: r.Path, Started: d.options.Clock.Now(), Status: Executing}
	d.latest[r.Kind] = job
	ctx, stop := context.WithCancel(d.ctx)
	d.stop = stop
	epoch := d.epoch
	d.keep()
	d.tell(job)
	d.running.Go(func() {
		defer stop()
		d.run(ctx, epoch, job, r.Work)
	})
	return job, nil
}

func (d *Device) busy() bool {
	return d.latest[Backup].Status == Executing || d.latest[Restore].Status == Executing
}

// run works first and then lets the rest of the job's time pass, so that a clock that jumps finds the work done.
func (d *Device) run(ctx context.Context, epoch int, job Job, work Work) {
	out, err := attempt(ctx, work)
	if d.options.Clock.Wait(ctx, job.Started.Add(d.options.Duration)) != nil {
		return
	}
	job.Subdir, job.Message, job.Status = out.Subdir, out.Message, Completed
	if err != nil {
		job.Message, job.Status = err.Error(), Error
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if epoch != d.epoch {
		return
	}
	if err == nil && out.Commit != nil {
		out.Commit()
	}
	d.latest[job.Kind] = job
	if job.Kind == Backup && job.Status == Completed {
		d.last = job
	}
	d.ended(job)
	d.keep()
	d.tell(job)
}

// attempt turns a panic of the work into an error that tells nothing of its insides.
func attempt(ctx context.Context, work Work) (out Outcome, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("internal error")
		}
	}()
	return work(ctx)
}

// tell lets those who watch know; the lock is held, so that they see changes in order.
func (d *Device) tell(job Job) {
	for w := range d.watch {
		select {
		case w <- job:
		default:
		}
	}
}

// Watch returns a channel of every change of a job to come, and a function that ends it. A reader that does not keep up
// misses changes.
func (d *Device) Watch() (jobs <-chan Job, stop func()) {
	w := make(chan Job, 16)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch[w] = struct{}{}
	return w, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watch, w)
	}
}

// Backups returns the last backup that succeeded and the one that was started last; each has Status None where there
// is none.
func (d *Device) Backups() (last, latest Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, d.latest[Backup]
}

// Restored returns the restore that was started last, with Status None where there is none.
func (d *Device) Restored() Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.latest[Restore]
}

// Reset forgets all jobs and stops the one that runs. It returns how many it forgot.
func (d *Device) Reset() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, j := range []Job{d.latest[Backup], d.latest[Restore], d.last} {
		if j.Status != None {
			n++
		}
	}
	if d.last.Status != None && d.last == d.latest[Backup] {
		n-- // one job in two places
	}
	if d.stop != nil {
		d.stop()
	}
	d.epoch++
	d.last, d.latest, d.history = Job{}, [2]Job{}, nil
	d.keep()
	return n
}

// Close stops the job that runs and waits for its work to end. It may be called twice.
func (d *Device) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cancel()
	d.running.Wait()
}
