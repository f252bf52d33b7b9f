package depot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/pkg/sftp"
)

// variant is an error that is another one too, and says more.
type variant struct {
	text string
	of   error
}

func (v variant) Error() string        { return v.text }
func (v variant) Is(target error) bool { return target == v.of } //nolint:errorlint // that very value

// What can keep a connection from coming about; each is an ErrUnreachable too. No error of another machine repeats what
// the machine said: a hostile one could say a password.
var (
	ErrUnknownHost error = variant{"the name of the host is not known:", ErrUnreachable}
	ErrRefused     error = variant{"the connection was refused by the host", ErrUnreachable}
	ErrNoAnswer    error = variant{"no answer in time from the host", ErrUnreachable}
)

// What can go wrong with a host that was reached.
var (
	ErrLogin    = errors.New("the log-in was refused: the user name or the password is wrong on the host")
	ErrHostKey  = errors.New("the host key has changed, and nothing was sent to the host")
	ErrProtocol = errors.New("no SFTP over SSH is spoken by the host")
	ErrDenied   = errors.New("permission denied")
	ErrReadOnly = errors.New("the file system is read-only")
	ErrFull     = errors.New("the disk is full")
	ErrDropped  = errors.New("the connection broke off")
	ErrSlow     = errors.New("the work was given up, as it took too long")
	ErrStorage  = errors.New("the host reports a failure")
)

// failed tells what an operation on path came to.
func (r *remote) failed(ctx context.Context, path string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.life.Err() != nil {
		return context.Cause(r.life)
	}
	var status *sftp.StatusError
	switch {
	case errors.Is(err, ErrExists), errors.Is(err, ErrNone), errors.Is(err, ErrForeign), errors.Is(err, errTooMuch):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w at %s", ErrDenied, path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s on the host", path)
	case errors.As(err, &status):
		return fmt.Errorf("%w at %s", r.cause(status, path), path)
	case r.wire.stalled.Load():
		return fmt.Errorf("%w: nothing came from the host for %v", ErrDropped, r.wire.patience)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w at %s: a file is where a directory has to be", ErrStorage, path)
	case broken(err):
		return ErrDropped
	}
	return fmt.Errorf("%w at %s", ErrStorage, path)
}

// broken reports whether an error is that of a connection that has ended.
func broken(err error) bool {
	var network *net.OpError
	for _, end := range [...]error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, sftp.ErrSSHFxConnectionLost, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return errors.As(err, &network)
}

// cause finds out why an operation failed for which the protocol has no word. A disk that is full or read-only is seen
// in what the host says of its file system, or known by the words of its error.
func (r *remote) cause(status *sftp.StatusError, path string) error {
	said := strings.ToLower(status.Error())
	for _, known := range [...]struct {
		words string
		err   error
	}{
		{"no space left", ErrFull}, {"quota", ErrFull}, {"disk full", ErrFull}, {"read-only", ErrReadOnly},
	} {
		if strings.Contains(said, known.words) {
			return known.err
		}
	}
	if _, can := r.client.HasExtension("statvfs@openssh.com"); !can {
		return ErrStorage
	}
	const readOnly, room = 1, 1 << 20
	for p := path; ; p = parent(p) {
		vfs, err := r.client.StatVFS(p)
		switch {
		case err != nil && p != parent(p):
			continue // not there: what it was to be made in
		case err != nil:
		case vfs.Flag&readOnly != 0:
			return ErrReadOnly
		case vfs.Bavail*vfs.Frsize < room:
			return ErrFull
		}
		return ErrStorage
	}
}

func parent(p string) string {
	at := strings.LastIndex(p, "/")
	switch at {
	case -1:
		return "."
	case 0:
		return "/"
	}
	return p[:at]
}
