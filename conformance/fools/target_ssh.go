package fools

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// limit is how long a machine may take for a whole job. Machines of a self-test are near; what takes longer hangs.
const limit = 30 * time.Second

// farEnd is another machine, logged in to.
type farEnd struct {
	client *ssh.Client
	files  *sftp.Client
}

// errHostKey says that a machine shows another key than before.
var errHostKey = errors.New("the host key has changed")

// dial logs in. known is the key that the machine must show, nil for any; the one that it shows is returned.
func dial(host, user, password string, known ssh.PublicKey, within time.Duration) (*farEnd, ssh.PublicKey, error) {
	address := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		address = net.JoinHostPort(strings.Trim(host, "[]"), "22")
	}
	conn, err := (&net.Dialer{Timeout: within}).Dial("tcp", address)
	if err != nil {
		return nil, nil, errors.New("the host does not answer")
	}
	timer := time.AfterFunc(within, func() { _ = conn.Close() })
	shown := known
	c, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if known != nil && !bytes.Equal(known.Marshal(), key.Marshal()) {
				return errHostKey
			}
			shown = key
			return nil
		},
	})
	if !timer.Stop() && err == nil {
		err = errHangs
	}
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("no log-in: %w", reason(err))
	}
	end := &farEnd{client: ssh.NewClient(c, channels, requests)}
	if end.files, err = sftp.NewClient(end.client); err != nil {
		_ = end.client.Close()
		return nil, nil, errors.New("no SFTP")
	}
	return end, shown, nil
}

// errHangs says that a machine does not go on.
var errHangs = errors.New("the host hangs")

// reason keeps what a caller asks for and nothing that the machine said.
func reason(err error) error {
	switch {
	case errors.Is(err, errHostKey):
		return errHostKey
	case errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "use of closed"):
		return errHangs
	case strings.Contains(err.Error(), "unable to authenticate"):
		return errors.New("the host refuses user and password")
	}
	return errors.New("the connection broke off")
}

func (e *farEnd) close() {
	_ = e.files.Close()
	_ = e.client.Close() // what matters has been answered
}

// file is one of a backup.
type file struct {
	name string
	data []byte
}

// put brings files into a directory that it makes.
func (e *farEnd) put(by, dir string, files []file) error {
	switch by {
	case "scp":
		return e.scp(dir, files)
	case "commands":
		return e.commands(dir, files)
	}
	if err := e.files.MkdirAll(dir); err != nil {
		return err
	}
	for _, f := range files {
		w, err := e.files.Create(path.Join(dir, f.name))
		if err != nil {
			return err
		}
		_, err = w.Write(f.data)
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
	return nil
}

// run runs a command with an input.
func (e *farEnd) run(command string, in []byte) error {
	s, err := e.client.NewSession()
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // Run has told how it ended
	s.Stdin = bytes.NewReader(in)
	return s.Run(command)
}

func (e *farEnd) commands(dir string, files []file) error {
	if err := e.run("mkdir -p '"+dir+"'", nil); err != nil {
		return err
	}
	for _, f := range files {
		if err := e.run("cat > '"+path.Join(dir, f.name)+"'", f.data); err != nil {
			return err
		}
	}
	return nil
}

// scp speaks the old protocol of scp -r.
func (e *farEnd) scp(dir string, files []file) error {
	s, err := e.client.NewSession()
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // Wait has told how it ended
	in, err1 := s.StdinPipe()
	out, err2 := s.StdoutPipe()
	if err := errors.Join(err1, err2, s.Start("scp -r -t '"+path.Dir(dir)+"'")); err != nil {
		return err
	}
	acks := bufio.NewReader(out)
	steps := []string{"", fmt.Sprintf("D0700 0 %s\n", path.Base(dir))}
	for _, f := range files {
		steps = append(steps, fmt.Sprintf("C0600 %d %s\n", len(f.data), f.name), string(f.data)+"\x00")
	}
	for _, text := range append(steps, "E\n") {
		if _, err := io.WriteString(in, text); err != nil {
			return err
		}
		if ack, err := acks.ReadByte(); err != nil || ack != 0 {
			return errors.New("scp was refused")
		}
	}
	return errors.Join(in.Close(), s.Wait())
}

// entry is a directory on the machine.
type entry struct {
	name string
	at   time.Time
}

// dirs lists the directories below one, by name.
func (e *farEnd) dirs(below string) []entry {
	list, err := e.files.ReadDir(below)
	if err != nil {
		return nil
	}
	var out []entry
	for _, i := range list {
		if i.IsDir() {
			out = append(out, entry{i.Name(), i.ModTime()})
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return out
}

// get reads a file.
func (e *farEnd) get(name string) ([]byte, error) {
	f, err := e.files.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, bodyLimit))
	return data, errors.Join(err, f.Close())
}
