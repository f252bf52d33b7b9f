package depot

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// Pack is a backup as a tar archive: its directory and the files in it, all of the time that the manifest tells.
func Pack(name string, files []File) ([]byte, error) {
	at := created(files)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o700, ModTime: at})
	for _, f := range files {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: path.Join(name, f.Name), Mode: 0o600, Size: int64(len(f.Data)), ModTime: at}))
		_, werr := w.Write(f.Data)
		err = errors.Join(err, werr)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return out.Bytes(), nil
}

// created is when a backup was made; at the epoch, where its manifest does not tell.
func created(files []File) time.Time {
	for _, f := range files {
		var m manifest
		if f.Name == manifestName && json.Unmarshal(f.Data, &m) == nil && !m.Created.IsZero() {
			return m.Created
		}
	}
	return time.Unix(0, 0)
}

// Unpack reads what Pack wrote, and checks that it is one whole backup by its manifest. The error, an ErrDamaged or an
// ErrForeign, says what is wrong with it. The archive's size is the caller's to bound.
func Unpack(archive io.Reader) (name string, files []File, err error) {
	for tr := tar.NewReader(archive); ; {
		head, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, fmt.Errorf("%w: it is no tar archive, or cut (%w)", ErrDamaged, err)
		}
		dir, file := path.Split(path.Clean(head.Name))
		switch {
		case head.Typeflag == tar.TypeDir && (path.Clean(head.Name) == "." || isName(path.Clean(head.Name))):
			continue
		case head.Typeflag != tar.TypeReg, !isName(strings.TrimSuffix(dir, "/")), checkName(file) != nil, len(files) == maxFiles:
			return "", nil, fmt.Errorf("%w: the archive holds %q (accepted: one directory named as a backup is, with its files)", ErrForeign, shown(head.Name))
		case name != "" && name+"/" != dir:
			return "", nil, fmt.Errorf("%w: the archive holds more than one backup", ErrForeign)
		}
		name = strings.TrimSuffix(dir, "/")
		data, err := io.ReadAll(io.LimitReader(tr, MaxFile+1))
		if err != nil {
			return "", nil, fmt.Errorf("%w: %q is cut (%w)", ErrDamaged, shown(file), err)
		}
		if len(data) > MaxFile {
			return "", nil, fmt.Errorf("%w: %q has more than %d bytes", ErrDamaged, shown(file), MaxFile)
		}
		files = append(files, File{Name: file, Data: data})
	}
	if name == "" {
		return "", nil, fmt.Errorf("%w in the archive", ErrNone)
	}
	if err := distinct(files); err != nil {
		return "", nil, err
	}
	sealed, err := verified(files)
	if err == nil {
		_, err = unpack(sealed)
	}
	return name, files, err
}

func distinct(files []File) error {
	seen := map[string]bool{}
	for _, f := range files {
		if seen[f.Name] {
			return fmt.Errorf("%w: %q is in it twice", ErrDamaged, shown(f.Name))
		}
		seen[f.Name] = true
	}
	return nil
}

// LatestOf is the name of the newest backup among what a depot lists. The error is ErrNone where there is none, and
// ErrForeign where something else lies there.
func LatestOf(entries []Entry, by Newest) (string, error) {
	name, err := newest(entries, by)
	if err == nil && name == "" {
		err = ErrNone
	}
	return name, err
}
