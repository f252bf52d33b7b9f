package depot

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// remote is a Depot at the other end of a connection.
type remote struct {
	life   context.Context // ends with the connection
	end    context.CancelFunc
	unbind func() bool
	wire   *wire
	conn   *ssh.Client
	client *sftp.Client
	random io.Reader
	closed sync.Once

	mu   sync.Mutex // one writer at a time
	made map[string]bool
}

// farewell is how long a host may take to see that the work is over.
const farewell = 2 * time.Second

// close ends the connection in good order if the host takes part.
func (r *remote) close() {
	r.closed.Do(func() {
		defer r.end()
		bye, done := context.WithTimeout(r.life, farewell)
		defer done()
		cut := context.AfterFunc(bye, func() { _ = r.wire.Close() })
		if r.client != nil {
			_ = r.client.Close() // what matters has been acknowledged
		}
		if r.conn != nil {
			_ = r.conn.Close()
			_ = r.conn.Wait()
		}
		cut()
		r.unbind()
		_ = r.wire.Close()
	})
}

// during runs work that ends, with the connection, when ctx does.
func (r *remote) during(ctx context.Context, at string, work func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = r.wire.Close() })()
	return r.failed(ctx, at, work())
}

// Put implements Depot: it writes under a temporary name and renames. What a broken connection leaves behind has that
// name, which no restore reads.
func (r *remote) Put(ctx context.Context, dir, name string, files []File, replace bool) error {
	if err := checkPut(ctx, name, files); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	mark := make([]byte, 6)
	if _, err := io.ReadFull(r.random, mark); err != nil {
		return fmt.Errorf("depot: a temporary name cannot be made: %w", err)
	}
	return r.during(ctx, path.Join(dir, name), func() error {
		if err := r.makeParents(dir); err != nil {
			return err
		}
		final := path.Join(dir, name)
		if _, err := r.client.Lstat(final); err == nil && !replace {
			return fmt.Errorf("%w: %s", ErrExists, name)
		}
		part := path.Join(dir, temporary+name+"-"+hex.EncodeToString(mark))
		if err := r.write(part, files); err != nil {
			r.remove(part)
			return err
		}
		if err := r.swap(part, final, replace); err != nil {
			r.remove(part)
			return err
		}
		r.made[final] = true
		return nil
	})
}

// makeParents makes a directory and those above it. SFTP answers a directory that is there with a mere failure.
func (r *remote) makeParents(dir string) error {
	if info, err := r.client.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	return r.client.MkdirAll(dir)
}

func (r *remote) write(dir string, files []File) error {
	if err := r.client.Mkdir(dir); err != nil {
		return err
	}
	_ = r.client.Chmod(dir, 0o700) // a host that knows no modes can keep backups all the same
	for _, f := range files {
		if err := r.writeFile(path.Join(dir, f.Name), f.Data); err != nil {
			return err
		}
	}
	return nil
}

func (r *remote) writeFile(name string, data []byte) error {
	f, err := r.client.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_ = f.Chmod(0o600) // as above
	_, err = f.Write(data)
	if _, can := r.client.HasExtension("fsync@openssh.com"); can && err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// swap gives part its final name. A backup of that name that is there goes away only once its successor has it, and
// comes back if that fails while the connection holds.
func (r *remote) swap(part, final string, replace bool) error {
	old := path.Join(path.Dir(part), replaced+strings.TrimPrefix(path.Base(part), temporary))
	moved := false
	if _, err := r.client.Lstat(final); err == nil && replace {
		if err := r.client.Rename(final, old); err != nil {
			return err
		}
		moved = true
	}
	if err := r.client.Rename(part, final); err != nil {
		if moved {
			return errors.Join(err, r.client.Rename(old, final))
		}
		if _, there := r.client.Lstat(final); there == nil {
			return fmt.Errorf("%w: %s", ErrExists, path.Base(final))
		}
		return err
	}
	if moved {
		r.remove(old)
	}
	return nil
}

// remove takes away a directory of files, as far as that can be done: what stays has a name that nothing reads.
func (r *remote) remove(dir string) {
	entries, err := r.client.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() {
			_ = r.client.Remove(path.Join(dir, e.Name()))
		}
	}
	_ = r.client.RemoveDirectory(dir)
}

// List implements Depot.
func (r *remote) List(ctx context.Context, dir string) (out []Entry, err error) {
	err = r.during(ctx, dir, func() error {
		entries, err := r.client.ReadDirContext(ctx, dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), temporary) {
				out = append(out, Entry{Name: e.Name(), Dir: e.IsDir(), Modified: e.ModTime()})
			}
		}
		return err
	})
	return sorted(out), err
}

// Get implements Depot.
func (r *remote) Get(ctx context.Context, dir, name string) (files []File, err error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	place := path.Join(dir, name)
	err = r.during(ctx, place, func() error {
		entries, err := r.client.ReadDirContext(ctx, place)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s", ErrNone, name)
		}
		if err != nil {
			return err
		}
		slices.SortFunc(entries, func(a, b os.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries {
			if !e.Mode().IsRegular() {
				return fmt.Errorf("%w: %q lies in the backup", ErrForeign, shown(e.Name()))
			}
			if len(files) == maxFiles {
				return fmt.Errorf("%w: more than %d files are in %s", errTooMuch, maxFiles, name)
			}
			data, err := r.readFile(path.Join(place, e.Name()))
			if err != nil {
				return err
			}
			files = append(files, File{Name: e.Name(), Data: data})
		}
		return nil
	})
	return files, err
}

// maxFiles bounds what a backup may hold that is read back.
const maxFiles = 64

// errTooMuch says that a backup is beyond all bounds.
var errTooMuch = errors.New("the backup is too large to be one of this appliance")

func (r *remote) readFile(name string) ([]byte, error) {
	f, err := r.client.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("%w: %s has more than %d bytes", errTooMuch, path.Base(name), MaxFile)
	}
	return data, errors.Join(err, f.Close())
}

// Clear implements Depot: it removes what Put made through this connection.
func (r *remote) Clear(ctx context.Context) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err = r.during(ctx, ".", func() error {
		for _, dir := range slices.Sorted(maps.Keys(r.made)) {
			r.remove(dir)
			if _, err := r.client.Lstat(dir); err == nil {
				return fmt.Errorf("%s could not be removed", dir)
			}
			delete(r.made, dir)
			n++
		}
		return nil
	})
	return n, err
}
