package auth

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Role is what an account may do.
type Role string

// The roles. An administrator may do everything; a read-only account starts no jobs.
const (
	Admin    Role = "admin"
	ReadOnly Role = "read-only"
)

// State is whether an account may be used.
type State string

// The states. Both others are told to who knows the password, and to nobody else.
const (
	Active         State = "active"
	Disabled       State = "disabled"
	ChangePassword State = "change-password" // it must be changed before the account is good for anything
)

// Account is one user as it is configured. Its zero Role is Admin, its zero State Active.
type Account struct {
	Name     string
	Password string // in plain; or
	Hash     string // a bcrypt hash of it, as htpasswd -B prints it
	Role     Role
	State    State

	Expires         time.Time // by the appliance's clock, as if disabled from then on; zero is never
	PasswordExpires time.Time // the same for its password
}

// User is who a request is from.
type User struct {
	Name string
	Role Role
}

// maxRaw is how much of a password bcrypt looks at.
const maxRaw = 72

// account is an Account ready for use.
type account struct {
	Account
	user User
	hash []byte
	raw  bool // the hash is of the password itself, not of its fold

	// Under the lock of Accounts.
	failures  int
	lock      bool
	lockedAt  time.Time
	lockedFor time.Duration
}

// costOf is the one cost that all hashes have: with several, the time of an answer would tell names apart.
func costOf(list []Account, cost int) (int, error) {
	for _, one := range list {
		if one.Hash == "" {
			continue
		}
		its, err := bcrypt.Cost([]byte(one.Hash))
		if err != nil {
			return 0, fmt.Errorf("auth: account %q: the hash is no bcrypt hash (hint: htpasswd -nB NAME prints one)", one.Name)
		}
		if cost != 0 && cost != its {
			return 0, fmt.Errorf("auth: account %q: its hash has cost %d where another has %d, so that the time of an answer would tell names apart (hint: make all hashes with the same cost)", one.Name, its, cost)
		}
		cost = its
	}
	cost = cmp.Or(cost, DefaultCost)
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return 0, fmt.Errorf("auth: a password cost of %d is not possible (expected %d to %d)", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	return cost, nil
}

// prepared checks an account and hashes its password.
func (c Account) prepared(cost int) (*account, error) {
	if c.Name == "" || strings.Contains(c.Name, ":") || control(c.Name) || control(c.Password) {
		return nil, fmt.Errorf("auth: user %q cannot be used (a name has no colon and is not empty; neither name nor password has control characters)", c.Name)
	}
	c.Role, c.State = cmp.Or(c.Role, Admin), cmp.Or(c.State, Active)
	switch {
	case c.Password != "" && c.Hash != "":
		return nil, fmt.Errorf("auth: account %q has both a password and a hash (expected one of them)", c.Name)
	case c.Role != Admin && c.Role != ReadOnly:
		return nil, fmt.Errorf("auth: account %q: role %q is not known (expected %s or %s)", c.Name, c.Role, Admin, ReadOnly)
	case c.State != Active && c.State != Disabled && c.State != ChangePassword:
		return nil, fmt.Errorf("auth: account %q: state %q is not known (expected %s, %s or %s)", c.Name, c.State, Active, Disabled, ChangePassword)
	}
	out := &account{Account: c, user: User{Name: c.Name, Role: c.Role}, hash: []byte(c.Hash), raw: c.Hash != ""}
	if !out.raw {
		hashed, err := bcrypt.GenerateFromPassword(fold(c.Password), cost)
		if err != nil {
			return nil, fmt.Errorf("auth: user %q: %w", c.Name, err)
		}
		out.hash = hashed
	}
	out.Password, out.Hash = "", ""
	return out, nil
}

// compare costs the same whatever the password.
func (c *account) compare(password string) bool {
	if !c.raw {
		return bcrypt.CompareHashAndPassword(c.hash, fold(password)) == nil
	}
	same := bcrypt.CompareHashAndPassword(c.hash, []byte(password[:min(len(password), maxRaw)])) == nil
	return same && len(password) <= maxRaw
}

// admitted is the user, if the account may be used.
func (c *account) admitted(now time.Time) (User, error) {
	switch {
	case c.State == Disabled, !c.Expires.IsZero() && !now.Before(c.Expires):
		return User{}, ErrDisabled
	case c.State == ChangePassword, !c.PasswordExpires.IsZero() && !now.Before(c.PasswordExpires):
		return User{}, ErrExpiredPassword
	}
	return c.user, nil
}

// locked reports whether too many wrong passwords were tried a while ago.
func (c *account) locked(now time.Time) bool {
	return c.lock && (c.lockedFor == 0 || now.Before(c.lockedAt.Add(c.lockedFor)))
}
