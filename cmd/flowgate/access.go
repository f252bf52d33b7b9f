package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

// accessFlags are those flags of flowgate mock that say who may log in, and how.
type accessFlags struct {
	ways              []string
	accounts, codes   string
	idle, life, token time.Duration
	one               bool
	lockAfter         int
	lockTime          time.Duration
	banner            string
}

func (f *accessFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringSliceVar(&f.ways, "auth", nil, "`WAYS` to log in that are switched on: basic, session, oauth; all if not given")
	fl.StringVar(&f.accounts, "accounts", "", "YAML `FILE` of accounts, beside those of --user: name, password or hash, role, state")
	fl.StringVar(&f.codes, "access-code-file", "", "`FILE` with an access code on each line; made with a new one if missing")
	fl.DurationVar(&f.idle, "session-timeout", 0, "without a request ends a session; 0 never does")
	fl.DurationVar(&f.life, "session-lifetime", 0, "ends a session whatever it does; 0 never does")
	fl.BoolVar(&f.one, "one-session", false, "a user's new session ends the one before")
	fl.DurationVar(&f.token, "token-lifetime", auth.DefaultTokenLife, "how long a token is good")
	fl.IntVar(&f.lockAfter, "lock-after", 0, "`N` wrong passwords in a row lock an account; 0 never do")
	fl.DurationVar(&f.lockTime, "lock-time", 30*time.Minute, "how long an account is locked; 0 is until a reset")
	fl.StringVar(&f.banner, "login-banner", "", "`TEXT` that auth_info shows")
}

// set fills in who may log in.
func (f *accessFlags) set(o *mockserver.Options) error {
	x := &o.Access
	for _, w := range f.ways {
		if !slices.Contains(mockserver.Ways(), mockserver.Way(w)) {
			return wrong("such as --auth basic,oauth", "--auth: %q is no way to log in (expected basic, session or oauth)", w)
		}
		x.Ways = append(x.Ways, mockserver.Way(w))
	}
	for _, d := range [...]struct {
		flag  string
		value time.Duration
		least time.Duration
	}{{"--session-timeout", f.idle, 0}, {"--session-lifetime", f.life, 0}, {"--lock-time", f.lockTime, 0}, {"--token-lifetime", f.token, time.Second}} {
		if d.value < d.least {
			return wrong("", "%s is %s (expected %s or more)", d.flag, d.value, d.least)
		}
	}
	if f.lockAfter < 0 {
		return wrong("", "--lock-after is %d (expected 0 or more)", f.lockAfter)
	}
	x.SessionIdle, x.SessionLife, x.OneSession, x.TokenLife = f.idle, f.life, f.one, f.token
	x.LockWhen, x.LockFor, x.Banner = f.lockAfter, f.lockTime, f.banner
	if f.accounts != "" {
		text, err := readFile("--accounts", f.accounts)
		if err != nil {
			return err
		}
		if x.Accounts, err = parseAccounts(text); err != nil {
			return wrong("an account is such as {name: operator, password: a-long-password, role: read-only}", "--accounts %s: %w", f.accounts, err)
		}
	}
	return f.readCodes(x)
}

// readCodes reads the access codes that were issued earlier. A file that is missing is made once the appliance is there.
func (f *accessFlags) readCodes(x *mockserver.Access) error {
	if f.codes == "" {
		return nil
	}
	text, err := os.ReadFile(f.codes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrong("", "--access-code-file: %w", err)
	}
	x.Codes = strings.Fields(string(text))
	if len(x.Codes) == 0 {
		return wrong("remove it, and a new code will be made", "--access-code-file %s is empty (expected an access code on each line)", f.codes)
	}
	return nil
}

// issue writes a new access code where none was read, whole or not at all and for its owner only.
func (f *accessFlags) issue(a *mockserver.Appliance, o mockserver.Options) error {
	if f.codes == "" || len(o.Access.Codes) > 0 {
		return nil
	}
	code, err := a.IssueCode(owner(o))
	if err != nil {
		return wrong("", "--access-code-file: %w", err)
	}
	if err := writeSecret(f.codes, []byte(code+"\n")); err != nil {
		return broken("", "--access-code-file %s: cannot be written: %w", f.codes, err)
	}
	return nil
}

// owner is whom a new access code is made for: the first administrator by name.
func owner(o mockserver.Options) string {
	var names []string
	for name := range o.Users {
		names = append(names, name)
	}
	for _, account := range o.Access.Accounts {
		if account.Role != auth.ReadOnly && (account.State == "" || account.State == auth.Active) {
			names = append(names, account.Name)
		}
	}
	if len(o.Users)+len(o.Access.Accounts) == 0 {
		return "admin"
	}
	if len(names) == 0 {
		return o.Access.Accounts[0].Name
	}
	return slices.Min(names)
}

// accountFields are what an account of a file may say.
var accountFields = [...]string{"name", "password", "hash", "role", "state", "expires", "password_expires"}

// parseAccounts reads a YAML list of accounts. Its errors name lines and fields, never a value.
func parseAccounts(text []byte) ([]auth.Account, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, errors.New("is no YAML") // the error of the library may hold a password
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode || len(doc.Content[0].Content) == 0 {
		return nil, errors.New("expected a list of accounts")
	}
	var out []auth.Account
	for _, node := range doc.Content[0].Content {
		account, err := parseAccount(node)
		if err != nil {
			return nil, err
		}
		out = append(out, account)
	}
	return out, nil
}

func parseAccount(node *yaml.Node) (auth.Account, error) {
	var out auth.Account
	if node.Kind != yaml.MappingNode {
		return out, fmt.Errorf("line %d: expected an account with the fields %s", node.Line, strings.Join(accountFields[:], ", "))
	}
	var role, state, expires, passwordExpires string
	into := map[string]*string{
		"name": &out.Name, "password": &out.Password, "hash": &out.Hash, "role": &role, "state": &state,
		"expires": &expires, "password_expires": &passwordExpires,
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field := into[key.Value]
		switch {
		case field == nil:
			return out, fmt.Errorf("line %d: %q is no field of an account (expected %s)", key.Line, key.Value, strings.Join(accountFields[:], ", "))
		case value.Kind != yaml.ScalarNode:
			return out, fmt.Errorf("line %d: %s is no plain value", value.Line, key.Value)
		case seen[key.Value]:
			return out, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
		}
		seen[key.Value], *field = true, value.Value
	}
	out.Role, out.State = auth.Role(role), auth.State(state)
	if out.Password == "" && out.Hash == "" {
		return out, fmt.Errorf("line %d: account %q has neither a password nor a hash", node.Line, out.Name)
	}
	for _, t := range [...]struct {
		text string
		at   *time.Time
	}{{expires, &out.Expires}, {passwordExpires, &out.PasswordExpires}} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.at, err = time.Parse(time.RFC3339, t.text); err != nil {
			return out, fmt.Errorf("line %d: a time of account %q cannot be read (expected one such as 2026-11-22T08:00:00Z)", node.Line, out.Name)
		}
	}
	return out, nil
}

// passwords are the accounts that an SSH server can check too: those of --user, and those of the file that have a
// password and may be used.
func passwords(o mockserver.Options) (map[string]string, error) {
	out := map[string]string{}
	for name, password := range o.Users {
		out[name] = password
	}
	for _, account := range o.Access.Accounts {
		if account.Password != "" && (account.State == "" || account.State == auth.Active) {
			out[account.Name] = account.Password
		}
	}
	if len(out) == 0 && len(o.Access.Accounts) > 0 {
		return nil, wrong("give one of them a password, or --user NAME:PASSWORD", "--ssh-target: no account of --accounts has a password that an SSH server can check")
	}
	return out, nil
}
