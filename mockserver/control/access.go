package control

import (
	"errors"
	"net/http"
)

var errOneOfBoth = errors.New("expected either a user or an access code")

// Access is what is open at a moment.
type Access struct {
	Sessions int      `json:"sessions"`
	Codes    int      `json:"access_codes"` // those that expired a while ago included
	Tokens   int      `json:"tokens"`       // the same
	Locked   []string `json:"locked"`       // accounts, sorted
}

func (p *plane) access(w http.ResponseWriter, _ *http.Request) { send(w, p.Access()) }

// issueCode hands out an access code, as an administrator would on the appliance's own pages.
func (p *plane) issueCode(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User string `json:"user"`
	}
	if !read(w, r, &in, `whom the code is for: {"user": "admin"}`) {
		return
	}
	code, err := p.IssueCode(in.User)
	if err != nil {
		refuse(w, http.StatusBadRequest, err, "name an account that may be used")
		return
	}
	send(w, map[string]string{"access_code": code})
}

// endAccess ends what a user has open, or revokes one access code.
func (p *plane) endAccess(w http.ResponseWriter, r *http.Request) {
	const form = `whose sessions, tokens and access codes end: {"user": "admin"}; or which access code: {"access_code": "eyJ…"}`
	var in struct {
		User string `json:"user"`
		Code string `json:"access_code"`
	}
	if !read(w, r, &in, form) {
		return
	}
	if (in.User == "") == (in.Code == "") {
		refuse(w, http.StatusBadRequest, errOneOfBoth, form)
		return
	}
	n := 0
	switch {
	case in.User != "":
		n = p.EndAccess(in.User)
	case p.RevokeCode(in.Code):
		n = 1
	}
	send(w, map[string]int{"ended": n})
}
