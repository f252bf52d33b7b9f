package depot

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"filippo.io/age"

	"github.com/flowgate-dev/flowgate/mockserver/device"
)

// What a restore may find instead of a backup.
var (
	// ErrPassword says that the vault was closed with another password.
	ErrPassword = errors.New("security_pwd is not the password that the backup was made with")
	// ErrDamaged says that a backup is not what its manifest tells.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrForeign says that something lies beside or in the backups that is none of theirs.
	ErrForeign = errors.New("something is stored with the backups that is no backup (accepted: a directory with nothing but backups)")
)

// Newest says which backup is the newest (dialect newest-by).
type Newest uint8

// The lawful ways.
const (
	ByName Newest = iota // the latest time in a name
	ByTime               // the directory that was changed last, and of several in a second the one with the latest name
)

// Load reads the newest backup below dir. It returns the backup's name as soon as it is known, so also beside an error:
// ErrNone, ErrForeign, ErrDamaged, ErrPassword, or the depot's.
func Load(ctx context.Context, d Depot, dir, password string, by Newest) (name string, c Contents, err error) {
	entries, err := d.List(ctx, dir)
	if err != nil {
		return "", c, err
	}
	if name, err = newest(entries, by); err != nil {
		return "", c, fmt.Errorf("%w below %s", err, dir)
	}
	if name == "" {
		return "", c, fmt.Errorf("%w: no directory below %s has the name of a backup", ErrNone, dir)
	}
	files, err := d.Get(ctx, dir, name)
	if err != nil {
		return name, c, err
	}
	archive, err := verified(files)
	if err != nil {
		return name, c, err
	}
	parts, err := unpack(archive)
	if err != nil {
		return name, c, err
	}
	c, err = contents(parts, password)
	return name, c, err
}

var names = regexp.MustCompile(`^([0-9]{8}_[0-9]{4})(?:_([1-9][0-9]{0,8}))?$`)

func isName(name string) bool { return names.MatchString(name) }

// newest picks the newest backup; "" where there is none. What begins with a dot does not count; anything else that is
// no backup does: the documents want nothing but backups there.
func newest(all []Entry, by Newest) (string, error) {
	var best Entry
	for _, e := range all {
		switch {
		case strings.HasPrefix(e.Name, "."):
		case !e.Dir || !isName(e.Name):
			return "", fmt.Errorf("%w: %q lies", ErrForeign, shown(e.Name))
		case best.Name == "" || e.newer(best, by):
			best = e
		}
	}
	return best.Name, nil
}

// shown bounds what a stranger's name can do to a message.
func shown(name string) string { return name[:min(len(name), 64)] }

func (e Entry) newer(than Entry, by Newest) bool {
	if c := e.Modified.Compare(than.Modified); by == ByTime && c != 0 {
		return c > 0
	}
	a, b := names.FindStringSubmatch(e.Name), names.FindStringSubmatch(than.Name)
	if a[1] != b[1] {
		return a[1] > b[1]
	}
	n, _ := strconv.Atoi(a[2]) // "" is 0, before the second
	m, _ := strconv.Atoi(b[2])
	return n > m
}

// verified returns the archive once all files are what the manifest says, and no file is there that it does not name.
func verified(files []File) ([]byte, error) {
	found := map[string][]byte{}
	for _, f := range files {
		found[f.Name] = f.Data
	}
	var m manifest
	if err := json.Unmarshal(found[manifestName], &m); err != nil {
		return nil, fmt.Errorf("%w: its %s is missing or cannot be read", ErrDamaged, manifestName)
	}
	if m.Format != format {
		return nil, fmt.Errorf("%w: its format is %d (expected %d)", ErrDamaged, m.Format, format)
	}
	delete(found, manifestName)
	archive, there := found[archiveName]
	if !there {
		return nil, fmt.Errorf("%w: it has no %s", ErrDamaged, archiveName)
	}
	for _, f := range m.Files {
		data, there := found[f.Name]
		sum := sha256.Sum256(data)
		if !there || len(data) != f.Size || hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, fmt.Errorf("%w: %q is not the file that its manifest tells of", ErrDamaged, shown(path.Base(f.Name)))
		}
		delete(found, f.Name)
	}
	for _, f := range files { // in the order of names
		switch _, left := found[f.Name]; {
		case left && f.Name == archiveName:
			return nil, fmt.Errorf("%w: its manifest names no %s", ErrDamaged, archiveName)
		case left:
			return nil, fmt.Errorf("%w: %q lies in the backup", ErrForeign, shown(f.Name))
		}
	}
	return archive, nil
}

// unpack reads an archive into memory. Nothing is written anywhere, so that no path in it can lead astray; what is not
// a part of a backup, or too large, is refused all the same.
func unpack(archive []byte) (map[string][]byte, error) {
	damaged := func(what string) error { return fmt.Errorf("%w: its archive %s", ErrDamaged, what) }
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, damaged("cannot be read")
	}
	room := &io.LimitedReader{R: packed, N: MaxFile}
	parts, err := members(tar.NewReader(room))
	if err == nil { // what follows the last member has to be whole too, the checksum above all
		_, err = io.Copy(io.Discard, room)
	}
	switch {
	case room.N == 0:
		return nil, damaged(fmt.Sprintf("is larger than %d bytes once it is unpacked", MaxFile))
	case errors.Is(err, errMember):
		return nil, damaged(err.Error())
	case err != nil:
		return nil, damaged("cannot be read")
	}
	return parts, nil
}

// errMember says that an archive holds something else than the parts of a backup.
var errMember = errors.New("holds what is no part of a backup, or a part twice")

func members(tr *tar.Reader) (map[string][]byte, error) {
	parts := map[string][]byte{}
	for {
		head, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		if _, twice := parts[head.Name]; twice || head.Typeflag != tar.TypeReg || !isPart(head.Name) {
			return nil, errMember
		}
		if parts[head.Name], err = io.ReadAll(tr); err != nil {
			return nil, err
		}
	}
}

func isPart(name string) bool {
	switch name {
	case configName, accountsName, sourcesName, jobsName, vaultName:
		return true
	}
	return false
}

func contents(parts map[string][]byte, password string) (c Contents, err error) {
	for _, part := range [...]struct {
		name string
		into any
	}{{configName, &c.State}, {accountsName, &c.Accounts}, {sourcesName, &c.Sources}, {jobsName, &c.Jobs}} {
		if err := json.Unmarshal(parts[part.name], part.into); err != nil {
			return c, fmt.Errorf("%w: its %s is missing or cannot be read", ErrDamaged, part.name)
		}
	}
	c.State.Vault, err = unlock(parts[vaultName], password)
	return c, err
}

func unlock(vault []byte, password string) (v device.Vault, err error) {
	id, err := age.NewScryptIdentity(password)
	if err != nil {
		return v, ErrPassword
	}
	id.SetMaxWorkFactor(MaxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(vault), id)
	var wrong *age.NoIdentityMatchError
	if errors.As(err, &wrong) {
		return v, ErrPassword
	}
	if err != nil {
		return v, fmt.Errorf("%w: its %s cannot be read", ErrDamaged, vaultName)
	}
	text, err := io.ReadAll(r)
	if err != nil || json.Unmarshal(text, &v) != nil {
		return v, fmt.Errorf("%w: its %s cannot be read", ErrDamaged, vaultName)
	}
	return v, nil
}
