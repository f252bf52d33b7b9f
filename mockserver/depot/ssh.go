package depot

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/flowgate-dev/flowgate/mockserver/clock"
)

// SSHOptions say how backups travel to other machines. The zero value works: to anywhere, with a password, trusting each
// host's first key for as long as the process lives.
type SSHOptions struct {
	HostKeys   HostKeys
	KnownHosts string       // file, in OpenSSH's form; TrustFirst makes and extends it. "" is none: keys are kept in memory
	Signers    []ssh.Signer // keys to log in with, tried before the password

	Loopback bool // reach this machine's own addresses and names only; nothing else is dialled or looked up

	Dial      time.Duration // to look the name up and connect: 10 s
	Handshake time.Duration // from there until files can be written: 15 s
	Stall     time.Duration // without a byte from the host: 20 s
	Total     time.Duration // from the start until closing: 30 min

	Random io.Reader     // of temporary names; nil is crypto/rand
	Clock  *clock.Clock  // whose machine time bounds Stall; nil is the machine's
	Names  *net.Resolver // nil is the machine's
}

// SSH opens depots on other machines, by SFTP over SSH. Make one with NewSSH. It is safe for concurrent use.
type SSH struct {
	options SSHOptions
	hosts   hosts
}

// NewSSH does no I/O.
func NewSSH(o SSHOptions) *SSH {
	o.Dial = cmp.Or(o.Dial, 10*time.Second)
	o.Handshake = cmp.Or(o.Handshake, 15*time.Second)
	o.Stall = cmp.Or(o.Stall, 20*time.Second)
	o.Total = cmp.Or(o.Total, 30*time.Minute)
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Names == nil {
		o.Names = net.DefaultResolver
	}
	return &SSH{options: o, hosts: hosts{policy: o.HostKeys, file: o.KnownHosts}}
}

// Open implements Open. The depot's connection ends with ctx, with closing, or when its time is over, whichever comes
// first. Errors are those that stand at ErrUnreachable, ErrLogin, ErrHostKey and their neighbours.
func (s *SSH) Open(ctx context.Context, to Destination) (d Depot, closing func(), err error) {
	host, port, err := SplitHost(to.Host)
	if err != nil {
		return nil, nil, fmt.Errorf("the host %w", err)
	}
	life, end := context.WithTimeoutCause(ctx, s.options.Total, ErrSlow)
	r := &remote{life: life, end: end, random: s.options.Random, made: map[string]bool{}}
	if err := s.connect(life, r, host, port); err != nil {
		end()
		return nil, nil, err
	}
	r.unbind = context.AfterFunc(life, func() { _ = r.wire.Close() })
	if err := s.login(r, net.JoinHostPort(host, port), to); err != nil {
		r.close()
		return nil, nil, err
	}
	return r, r.close, nil
}

// connect reaches the first address of the host that answers.
func (s *SSH) connect(ctx context.Context, r *remote, host, port string) error {
	soon, done := context.WithTimeout(ctx, s.options.Dial)
	defer done()
	addresses, err := s.addresses(soon, host)
	if err != nil {
		return err
	}
	for _, a := range addresses {
		var conn net.Conn
		if conn, err = (&net.Dialer{}).DialContext(soon, "tcp", net.JoinHostPort(a.String(), port)); err == nil {
			r.wire = &wire{Conn: conn, patience: s.options.Stall, now: s.options.Clock.Machine}
			return nil
		}
	}
	var slow net.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%w %s at port %s", ErrRefused, host, port)
	case errors.As(err, &slow) && slow.Timeout():
		return fmt.Errorf("%w %s at port %s, within %v", ErrNoAnswer, host, port, s.options.Dial)
	}
	return fmt.Errorf("%w %s", ErrUnreachable, host)
}

// addresses are those of a host that may be dialled; there is one at least.
func (s *SSH) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	var found []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{a}
	} else if isLocalName(host) {
		found = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	} else if isReserved(host) || s.options.Loopback {
		return nil, fmt.Errorf("%w %s", ErrUnknownHost, host)
	} else if found, err = s.options.Names.LookupNetIP(ctx, "ip", host); err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%w %s", ErrUnknownHost, host)
	}
	var out []netip.Addr
	for _, a := range found {
		if !leadsNowhere(a) && (!s.options.Loopback || a.Unmap().IsLoopback()) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w %s", ErrUnreachable, host)
	}
	return out, nil
}

// login shakes hands and begins SFTP.
func (s *SSH) login(r *remote, addr string, to Destination) error {
	soon, done := context.WithTimeout(r.life, s.options.Handshake)
	defer done()
	defer context.AfterFunc(soon, func() { _ = r.wire.Close() })()
	algorithms, err := s.hosts.algorithms(addr)
	if err != nil {
		return err
	}
	verdict := make(chan error, 1) // on the host's key; the library's own goroutine sends it, and again for each new exchange of keys
	conn, channels, requests, err := ssh.NewClientConn(r.wire, addr, &ssh.ClientConfig{
		User: to.Username, Auth: methods(to.Password, s.options.Signers), HostKeyAlgorithms: algorithms, ClientVersion: "SSH-2.0-flowgate",
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			err := s.hosts.check(addr, key)
			select {
			case verdict <- err:
			default:
			}
			return err
		},
	})
	if err != nil {
		return s.explain(r, reached(addr, verdict, soon.Err() != nil), err)
	}
	r.conn = ssh.NewClient(conn, channels, requests)
	if r.client, err = sftp.NewClient(r.conn); err != nil {
		if soon.Err() != nil || r.wire.stalled.Load() {
			return s.explain(r, reached(addr, verdict, true), err)
		}
		return fmt.Errorf("%w %s, although the log-in was right", ErrProtocol, addr)
	}
	return nil
}

// explain says why there is no log-in.
func (s *SSH) explain(r *remote, stage handshake, err error) error {
	addr := stage.addr
	switch {
	case r.life.Err() != nil:
		return context.Cause(r.life)
	case stage.refused != nil:
		return stage.refused
	case stage.late:
		return fmt.Errorf("%w %s, within %v", ErrNoAnswer, addr, s.options.Handshake)
	case r.wire.stalled.Load():
		return fmt.Errorf("%w %s, within %v", ErrNoAnswer, addr, r.wire.patience)
	case stage.trusted && refused(err):
		return fmt.Errorf("%w %s", ErrLogin, addr)
	case stage.trusted:
		return fmt.Errorf("%w during the log-in at %s", ErrDropped, addr)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("%w %s before it said who it is", ErrRefused, addr)
	}
	return fmt.Errorf("%w %s", ErrProtocol, addr)
}

// refused reports whether a host refused a log-in. The library has only words for that: the second are those for a host
// that refuses keyboard-interactive without asking anything, as OpenSSH does where PAM is off.
func refused(err error) bool {
	for _, words := range [...]string{"unable to authenticate", "unexpected message type 51", "too many authentication failures"} {
		if strings.Contains(strings.ToLower(err.Error()), words) {
			return true
		}
	}
	return false
}

// handshake is how far a log-in came.
type handshake struct {
	addr    string
	trusted bool  // the host's key is accepted
	refused error // it is not
	late    bool  // its time is over
}

func reached(addr string, verdict <-chan error, late bool) handshake {
	h := handshake{addr: addr, late: late}
	select {
	case h.refused = <-verdict:
		h.trusted = h.refused == nil
	default:
	}
	return h
}

// maxRounds bounds how often a host may ask.
const maxRounds = 3

// methods offers keys, and one secret in the two ways in which hosts ask for one. Only questions whose answer is not
// shown are answered.
func methods(secret string, signers []ssh.Signer) []ssh.AuthMethod {
	var out []ssh.AuthMethod
	if len(signers) > 0 {
		out = append(out, ssh.PublicKeys(signers...))
	}
	if secret == "" {
		return out
	}
	rounds := 0
	ask := func(_, _ string, questions []string, shown []bool) ([]string, error) {
		if rounds++; rounds > maxRounds {
			return nil, errors.New("the host asks too often")
		}
		answers := make([]string, len(questions))
		for i := range questions {
			if !shown[i] {
				answers[i] = secret
			}
		}
		return answers, nil
	}
	return append(out, ssh.Password(secret), ssh.KeyboardInteractive(ask))
}

// wire is a connection that fails once nothing has come for a while.
type wire struct {
	net.Conn
	patience time.Duration
	now      func() time.Time
	stalled  atomic.Bool
}

// Read implements io.Reader.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(w.now().Add(w.patience)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.stalled.Store(true)
	}
	return n, err
}

// Write implements io.Writer. What is sent wins the host time to answer.
func (w *wire) Write(p []byte) (int, error) {
	deadline := w.now().Add(w.patience)
	if err := errors.Join(w.SetWriteDeadline(deadline), w.SetReadDeadline(deadline)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.stalled.Store(true)
	}
	return n, err
}
