package observer

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
)

// The bounds of what is looked at: backups of appliances are small beside them.
const (
	maxFiles = 1000
	maxRead  = 256 << 20 // bytes of one file, and of all that is packed in it
	maxDepth = 4         // of archives within archives
)

// inside is a path of the target within its root.
func inside(p string) string { return strings.TrimPrefix(path.Clean("/"+p), "/") }

// root opens the target's directory. What is done there is done as the target's owner, and leaves no events.
func (v *Observer) root() (*os.Root, error) {
	if v.target == nil {
		return nil, errNoTarget
	}
	r, err := os.OpenRoot(v.target.Root())
	if err != nil {
		return nil, fmt.Errorf("observer: the directory of the SSH target: %w", err)
	}
	return r, nil
}

func (v *Observer) makeDir(p string) error {
	r, err := v.root()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // nothing was written through it that a close could lose
	if err := r.MkdirAll(inside(p), 0o700); err != nil {
		return fmt.Errorf("observer: %w", err)
	}
	return nil
}

// files looks at all files below a path.
func (v *Observer) files(p string, secrets map[string]string) ([]corpus.Found, error) {
	r, err := v.root()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // read only
	out := []corpus.Found{}
	err = fs.WalkDir(r.FS(), inside(p), func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // taken away while we looked
		case err != nil || !d.Type().IsRegular(): // what a link names is looked at where it lies
			return err
		case len(out) == maxFiles:
			return fs.SkipAll
		}
		data, err := readFile(r, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		out = append(out, look(corpus.Found{Path: "/" + name, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}, data, secrets))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("observer: %w", err)
	}
	return out, nil
}

func readFile(r *os.Root, name string) ([]byte, error) {
	f, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	return io.ReadAll(io.LimitReader(f, maxRead))
}

// look says what can be read of a file.
func look(f corpus.Found, data []byte, secrets map[string]string) corpus.Found {
	f.Text = true
	leaves(data, path.Base(f.Path), maxDepth, func(name string, content []byte, packed bool) {
		for kind, secret := range secrets {
			if secret != "" && holds(name, content, secret) {
				f.Holds = append(f.Holds, kind)
			}
		}
		if !packed {
			f.Text = f.Text && text(content)
		}
	})
	slices.Sort(f.Holds)
	f.Holds = slices.Compact(f.Holds)
	return f
}

// holds reports a secret in a name or a content, as it is or in base64.
func holds(name string, content []byte, secret string) bool {
	return strings.Contains(name, secret) || bytes.Contains(content, []byte(secret)) ||
		bytes.Contains(content, []byte(base64.StdEncoding.EncodeToString([]byte(secret))))
}

// text reports content that can be read as it is.
func text(content []byte) bool {
	return utf8.Valid(content) && bytes.IndexFunc(content, func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' && c != '\f'
	}) < 0
}

// leaves visits a file and all that is packed in it; packed says that what is in a content is visited too. What cannot
// be unpacked is a leaf.
func leaves(data []byte, name string, depth int, visit func(name string, content []byte, packed bool)) {
	inner := unpack(data)
	if depth == 0 {
		inner = nil
	}
	visit(name, data, inner != nil)
	for _, f := range inner {
		leaves(f.data, f.name, depth-1, visit)
	}
}

type packedFile struct {
	name string
	data []byte
}

// unpack reads gzip, tar and zip; nil for anything else.
func unpack(data []byte) []packedFile {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil
		}
		inner, err := io.ReadAll(io.LimitReader(z, maxRead))
		if err != nil {
			return nil
		}
		return []packedFile{{z.Name, inner}}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return unzip(data)
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return untar(data)
	}
	return nil
}

func untar(data []byte) []packedFile {
	var out []packedFile
	left := int64(maxRead)
	for t := tar.NewReader(bytes.NewReader(data)); ; {
		head, err := t.Next()
		if errors.Is(err, io.EOF) || left == 0 {
			return out
		}
		if err != nil {
			return nil
		}
		content, err := io.ReadAll(io.LimitReader(t, left))
		if err != nil {
			return nil
		}
		left -= int64(len(content))
		out = append(out, packedFile{head.Name, content})
	}
}

// unzip gives nil for an archive that it cannot read whole, as one with a password.
func unzip(data []byte) []packedFile {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	var out []packedFile
	left := int64(maxRead)
	for _, f := range z.File {
		if left == 0 {
			break
		}
		r, err := f.Open()
		if err != nil || f.Flags&1 != 0 {
			return nil
		}
		content, err := io.ReadAll(io.LimitReader(r, left))
		if err = errors.Join(err, r.Close()); err != nil {
			return nil
		}
		left -= int64(len(content))
		out = append(out, packedFile{f.Name, content})
	}
	return out
}

// Copy implements check.Target.
func (v *Observer) Copy(from, to string, at time.Time, scrambled bool) error {
	r, err := v.root()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // each file is closed with its error
	err = fs.WalkDir(r.FS(), inside(from), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dest := path.Join(inside(to), strings.TrimPrefix(name, inside(from)))
		if d.IsDir() {
			return r.MkdirAll(dest, 0o700)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := readFile(r, name)
		if err != nil {
			return err
		}
		if scrambled {
			for i := range data {
				data[i] ^= byte(0x5a + i%7) //nolint:gosec // stays below 256
			}
		}
		if err := r.WriteFile(dest, data, 0o600); err != nil {
			return err
		}
		return r.Chtimes(dest, at, at)
	})
	if err != nil {
		return fmt.Errorf("observer: %w", err)
	}
	return v.Touch(to, at)
}

// Touch implements check.Target.
func (v *Observer) Touch(p string, at time.Time) error {
	r, err := v.root()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // nothing was written through it that a close could lose
	if err := r.Chtimes(inside(p), at, at); err != nil {
		return fmt.Errorf("observer: %w", err)
	}
	return nil
}
