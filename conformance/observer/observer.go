// Package observer is the judge's eye at the other end of a backup: an SSH target with a one-time account, what happened
// there, and what lay there in the end. It observes and never judges.
package observer

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
)

// Options make an Observer. The zero value watches nothing and has an account to show in a dry run.
type Options struct {
	Target *sshtarget.Target // started; whoever started it closes it. nil watches nothing
	Host   string            // as devices are to be told, HOST or HOST:PORT; "" is the target's address
	Random io.Reader         // of the account; nil is crypto/rand
}

// Observer implements check.Target; its zero value watches nothing. It is for one run; its methods are not for several goroutines at once.
type Observer struct {
	target               *sshtarget.Target
	host, user, password string
	mark                 uint64 // number of the last event before the present job
}

// New makes the account. Close ends it. The error is that of the random source.
func New(o Options) (*Observer, error) {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	draw := make([]byte, 25)
	if _, err := io.ReadFull(o.Random, draw); err != nil {
		return nil, fmt.Errorf("observer: the account of this run cannot be drawn: %w", err)
	}
	word := strings.ToLower(base32.StdEncoding.EncodeToString(draw))
	v := &Observer{target: o.Target, host: o.Host, user: "fg" + word[:8], password: word[8:]}
	if o.Target != nil {
		if v.host == "" {
			v.host = Posted(o.Target.Addr())
		}
		o.Target.AddUser(v.user, v.password)
	}
	return v, nil
}

// Posted is an address as a job's hostname: the port is left out where it is SSH's own.
func Posted(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && port == "22" {
		return host
	}
	return address
}

// Close ends the account and all faults.
func (v *Observer) Close() {
	if v.target != nil {
		v.target.RemoveUser(v.user)
		v.target.ClearFaults()
	}
}

// Account implements check.Target.
func (v *Observer) Account() (host, user, password string) { return v.host, v.user, v.password }

// Prepare implements check.Target.
func (v *Observer) Prepare(path string, faults ...string) error {
	if v.target == nil {
		return errNoTarget
	}
	v.target.ClearFaults()
	if err := v.makeDir(path); err != nil {
		return err
	}
	for _, spec := range faults {
		f, err := sshtarget.ParseFault(spec)
		if err == nil {
			err = v.target.SetFault(f)
		}
		if err != nil {
			return fmt.Errorf("observer: %w", err)
		}
	}
	if events := v.target.Events(); len(events) > 0 {
		v.mark = events[len(events)-1].Seq
	}
	return nil
}

var errNoTarget = errors.New("observer: there is no SSH target to watch")

// redacted is what the target writes for the password of an account.
const redacted = "[redacted]"

// Seen implements check.Target.
func (v *Observer) Seen(path string, secrets map[string]string) (corpus.Sighting, error) {
	if v.target == nil {
		return corpus.Sighting{}, errNoTarget
	}
	s := corpus.Sighting{Host: v.host, User: v.user, Path: path, Events: []corpus.Sight{}, Files: []corpus.Found{}}
	for _, f := range v.target.Faults() {
		s.Faults = append(s.Faults, f.String())
	}
	for _, e := range v.target.Events() {
		if e.Seq <= v.mark {
			continue
		}
		sight := corpus.Sight{
			At: e.Time.UTC(), Conn: e.Conn, Kind: string(e.Kind), User: e.User, Path: e.Path, To: e.To, Size: e.Size, SHA256: e.SHA256, Detail: e.Detail,
		}
		s.Holds = append(s.Holds, tells(&sight, secrets)...)
		s.Events = append(s.Events, sight)
	}
	slices.Sort(s.Holds)
	s.Holds = slices.Compact(s.Holds)
	var err error
	s.Files, err = v.files(path, secrets)
	return s, err
}

// tells lists the kinds of secrets that stand in an event, and takes them out of it.
func tells(e *corpus.Sight, secrets map[string]string) []string {
	var out []string
	for _, text := range []*string{&e.User, &e.Path, &e.To, &e.Detail} {
		if strings.Contains(*text, redacted) {
			out = append(out, "password")
		}
		for kind, secret := range secrets {
			if secret != "" && strings.Contains(*text, secret) {
				*text = strings.ReplaceAll(*text, secret, redacted)
				out = append(out, kind)
			}
		}
	}
	return out
}
