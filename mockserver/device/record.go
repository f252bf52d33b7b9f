package device

import (
	"errors"
	"fmt"
	"slices"
)

// Record is all that a Device knows of its jobs: what Options.Keep gets, and Resume takes.
type Record struct {
	Last    Job   `json:"last_successful"` // the last backup that succeeded
	Backup  Job   `json:"backup"`          // the latest started
	Restore Job   `json:"restore"`         // the latest started
	History []Job `json:"history"`         // those that have ended, oldest first, at most MaxHistory
}

// MaxHistory is how many ended jobs a Device remembers.
const MaxHistory = 64

// Interrupted is the message of a job in whose midst the appliance was switched off.
const Interrupted = "the job was interrupted: the appliance was switched off while it ran"

// record is a copy that the device does not touch again; the lock is held.
func (d *Device) record() Record {
	return Record{Last: d.last, Backup: d.latest[Backup], Restore: d.latest[Restore], History: slices.Clone(d.history)}
}

// keep hands the record to who keeps it; the lock is held, so that records come in order.
func (d *Device) keep() {
	if d.options.Keep != nil {
		d.options.Keep(d.record())
	}
}

// ended notes a job that has ended; the lock is held.
func (d *Device) ended(job Job) {
	if d.history = append(d.history, job); len(d.history) > MaxHistory {
		d.history = slices.Clone(d.history[len(d.history)-MaxHistory:])
	}
}

// History returns the jobs that have ended, oldest first: the last MaxHistory.
func (d *Device) History() []Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.history)
}

// Resume takes over the record of a device that is no more. A job that was running ends in Error. The error is that of a
// device that has had jobs of its own.
func (d *Device) Resume(r Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.history) > 0 || d.latest != [2]Job{} {
		return errors.New("device: jobs have run already (expected a fresh device)")
	}
	d.history = slices.Clone(r.History)
	for _, job := range []*Job{&r.Backup, &r.Restore} {
		if job.Status == Executing {
			job.Status, job.Message = Error, Interrupted
			d.ended(*job)
		}
	}
	d.last, d.latest = r.Last, [2]Job{Backup: r.Backup, Restore: r.Restore}
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Status) UnmarshalText(text []byte) error {
	for _, known := range []Status{None, Executing, Error, Completed} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("device: %q is no status (expected NONE, EXECUTING, ERROR or COMPLETED)", text)
}

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	for _, known := range []Kind{Backup, Restore} {
		if known.String() == string(text) {
			*k = known
			return nil
		}
	}
	return fmt.Errorf("device: %q is no kind of job (expected backup or restore)", text)
}
