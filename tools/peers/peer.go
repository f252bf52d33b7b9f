package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peer is one server: how it is started, and what was measured of it.
type peer struct {
	name, version string
	command       []string // PORT stands for the port
	driven        string   // by what

	url     string
	address string
	process *exec.Cmd

	started      []time.Duration // from process start to the first right answer
	idle, loaded int             // KiB resident
	load         [2]load         // of each kind
	abilities    []string
}

// peers lists those that are compared. Each logs as little as it can, so that none pays for its console.
func (p plan) peers() ([]*peer, error) {
	in := func(parts ...string) string { return filepath.Join(append([]string{p.packages}, parts...)...) }
	file := func(name string) string { return filepath.Join(p.dir, name) }
	list := []*peer{
		{
			name: "flowgate mock", driven: "its own document",
			command: []string{p.flowgate, "mock", "--plain-http", "--listen", "127.0.0.1:PORT", "--job-duration", "50ms"},
		},
		{
			name: "Prism", version: "@stoplight/prism-cli", driven: "the document, 3.1",
			command: []string{"node", in("@stoplight", "prism-cli", "dist", "index.js"), "mock", "--errors", "--verboseLevel", "silent", "--host", "127.0.0.1", "--port", "PORT", file("3.1.json")},
		},
		{
			name: "Mockoon", version: "@mockoon/cli", driven: "the document, 3.0",
			command: []string{"node", in("@mockoon", "cli", "bin", "run.js"), "start", "--data", file("3.0.json"), "--hostname", "127.0.0.1", "--port", "PORT", "--disable-log-to-file", "--disable-admin-api"},
		},
		{
			name: "WireMock", version: "wiremock", driven: "stubs made from the document",
			command: []string{"java", "-jar", "", "--bind-address", "127.0.0.1", "--port", "PORT", "--root-dir", file("wiremock"), "--disable-banner", "--max-request-journal-entries", "1000"},
		},
		{
			name: "Specmatic", version: "specmatic", driven: "the document, 3.1, with Basic alone and 204 in the place of 2XX",
			command: []string{"java", "-jar", in("specmatic", "specmatic.jar"), "mock", "--host=127.0.0.1", "--port=PORT", "--noConsoleLog", file("basic.json")},
		},
	}
	jars, err := filepath.Glob(in("wiremock", "build", "*.jar"))
	if err != nil || len(jars) != 1 {
		return nil, errors.Join(err, fmt.Errorf("%s holds %d jars of WireMock and not one; run npm ci in tools/peers", in("wiremock", "build"), len(jars)))
	}
	list[3].command[2] = jars[0]
	for _, one := range list[1:] {
		text, err := os.ReadFile(in(filepath.FromSlash(one.version), "package.json"))
		if err != nil {
			return nil, err
		}
		var about struct{ Version string }
		if err := json.Unmarshal(text, &about); err != nil {
			return nil, err
		}
		one.version = about.Version
	}
	return list, nil
}

// start starts a peer and waits for its first right answer. The deadline is only there so that a run ends.
func (p plan) start(ctx context.Context, one *peer) error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	one.address = free.Addr().String()
	if err := free.Close(); err != nil {
		return err
	}
	one.url = "http://" + one.address
	_, port, _ := net.SplitHostPort(one.address)
	args := strings.Split(strings.ReplaceAll(strings.Join(one.command, "\x00"), "PORT", port), "\x00")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "CI=1")
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts is counted and ended with it
	began := p.now()
	if err := cmd.Start(); err != nil {
		return err
	}
	one.process = cmd
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for {
		answer, err := send(ctx, one.url, question{path: backupAt, user: "admin:admin"})
		if err == nil && answer.status == 200 && bytes.Contains(answer.body, []byte("last_successful")) {
			one.started = append(one.started, p.now().Sub(began))
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no right answer to GET backup: %w, status %d: %.200s", errors.Join(ctx.Err(), err), answer.status, answer.body)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (one *peer) stop() error {
	if one.process == nil {
		return nil
	}
	err := syscall.Kill(-one.process.Process.Pid, syscall.SIGKILL)
	var ended *exec.ExitError
	if waited := one.process.Wait(); !errors.As(waited, &ended) {
		err = errors.Join(err, waited)
	}
	one.process = nil
	return err
}

// resident is the memory in KiB of the peer and all that it started.
func (one *peer) resident() (int, error) {
	sum := 0
	err := one.each(func(folder string, _ []string) error {
		text, err := os.ReadFile(filepath.Join(folder, "status"))
		if err != nil {
			return err
		}
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return fmt.Errorf("%s/status has no VmRSS", folder)
		}
		kib, err := strconv.Atoi(fields[0])
		sum += kib
		return err
	})
	return sum, err
}

// spent is the processor time of the peer and all that it started; Linux counts it in hundredths of a second.
func (one *peer) spent() (time.Duration, error) {
	var sum time.Duration
	err := one.each(func(_ string, stat []string) error {
		for _, field := range stat[11:13] {
			ticks, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
		return nil
	})
	return sum, err
}

// each visits the processes of the peer's group, with the fields of their stat from the state on.
func (one *peer) each(visit func(folder string, stat []string) error) error {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	group := strconv.Itoa(one.process.Process.Pid)
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "stat"))
		if err != nil {
			continue // it ended meanwhile
		}
		stat := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(stat) > 13 && stat[2] == group {
			if err := visit(folder, stat); err != nil {
				return err
			}
		}
	}
	return nil
}
