package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
)

// authFlags say how a run logs in, and what it may do to find out how the appliance guards its door.
type authFlags struct {
	way        *choice
	codeFile   string
	waitExpiry time.Duration
	bruteForce int
}

func (f *authFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.way = choose(cmd, "auth", "how to log in; auto takes a way that the appliance lists", "auto", "basic", "session", "oauth")
	fl.StringVar(&f.codeFile, "access-code-file", "", "`FILE` with the access code on its first line, for --auth oauth; - is standard input")
	fl.DurationVar(&f.waitExpiry, "wait-expiry", 0, "how long to wait to see a token and an unused session end; what lasts longer is not judged on it")
	fl.IntVar(&f.bruteForce, "brute-force", 0, "`N` wrong passwords in a row for the account of --user, to see whether it is locked; it may be, for everybody")
}

// set puts the flags into the options and the target.
func (f *authFlags) set(o *conformance.Options) error {
	const most = 1000
	switch {
	case f.waitExpiry < 0:
		return wrong("", "--wait-expiry is %s (expected 0 or more)", f.waitExpiry)
	case f.bruteForce < 0 || f.bruteForce > most:
		return wrong("", "--brute-force is %d (expected 0 to %d)", f.bruteForce, most)
	}
	o.WaitExpiry, o.Guesses = f.waitExpiry, f.bruteForce
	return nil
}

// credentials reads what the way of logging in needs: the access code, and the password unless nothing will be sent.
func (a *app) credentials(f *checkFlags, t *conformance.Target, dry bool) (err error) {
	if t.Auth, err = check.ParseWay(f.auth.way.value); err != nil {
		return wrong("", "--auth: %w", err)
	}
	if f.auth.codeFile == "-" && f.passwordFile == "-" {
		return wrong("name a file for one of them", "--password-file and --access-code-file cannot both be standard input")
	}
	if f.auth.codeFile != "" {
		if t.AccessCode, err = a.firstLine("--access-code-file", f.auth.codeFile, "access code"); err != nil {
			return err
		}
	}
	switch {
	case t.Auth == check.ByToken && t.AccessCode == "":
		return wrong("name its file with --access-code-file; an administrator of the appliance issues access codes", "--auth oauth needs an access code")
	case t.Auth == check.BySession && t.User == "":
		return wrong("give --user NAME", "--auth session needs the name of an account")
	case dry:
		return nil
	case t.AccessCode != "" && f.passwordFile == "" && (t.Auth == check.Detect || t.Auth == check.ByToken):
		// The code may be all that there is: nobody is asked for a password that may not be needed.
		if t.Password, _ = a.env("FLOWGATE_PASSWORD"); t.Password == "" {
			t.Auth = check.ByToken
		}
		return nil
	}
	t.Password, err = a.password(f, t.URL)
	return err
}

func (a *app) filedPassword(path string) (string, error) {
	return a.firstLine("--password-file", path, "password")
}

// firstLine reads a secret from a file that a flag names; - is standard input.
func (a *app) firstLine(flag, path, what string) (string, error) {
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(a.in, 1<<16))
	} else {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return "", wrong("", "%s: %w", flag, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", wrong("write the "+what+" on its first line", "%s %s is empty", flag, path)
	}
	return line, nil
}
