package mockserver

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// token answers POST oauth/token (Common API): a token for an access code. Its parameters come as a form or in the query.
// The answer is JSON unless XML is asked for by name, as OAuth 2.0 has it.
func (a *Appliance) token(c *call) (answer, error) {
	c.secret = true
	p, err := a.tokenParameters(c)
	if err != nil {
		return answer{}, err
	}
	if err := p.want("grant_type", "access_code"); err != nil {
		return answer{}, err
	}
	if err := p.want("assertion"); err != nil {
		return answer{}, err
	}
	assertion := p.values.Get("assertion")
	name, err := a.access.tokens.Owner(assertion, c.now)
	if err == nil {
		c.user, err = a.access.accounts.Admit(name, c.now)
	}
	text := ""
	if err == nil {
		text, err = a.access.tokens.Exchange(assertion, c.now)
	}
	if err != nil {
		return answer{}, orDenied(c, err)
	}
	out := struct {
		XMLName xml.Name `json:"-" xml:"token"`
		Token   string   `json:"access_token" xml:"access_token,attr"`
		Type    string   `json:"token_type" xml:"token_type,attr"`
		Life    int64    `json:"expires_in" xml:"expires_in,attr"`
		State   *string  `json:"state,omitempty" xml:"state,attr,omitempty"`
	}{Token: text, Type: "bearer", Life: seconds(a.access.tokens.Life())}
	if p.values.Has("state") {
		state := p.values.Get("state")
		out.State = &state
	}
	return c.say(out)
}

// seconds is a lifetime as the API tells it, never 0.
func seconds(d time.Duration) int64 { return max(1, int64(d/time.Second)) }

// parameters are those of one request, and how their errors are called.
type parameters struct {
	values           url.Values
	missing, invalid string // error ids
}

// want refuses a parameter that is missing or not one of the accepted values.
func (p parameters) want(name string, accepted ...string) error {
	value := p.values.Get(name)
	switch {
	case value == "":
		return &Problem{ID: p.missing, Status: http.StatusBadRequest, Text: name + ": this parameter is missing or empty" + choices(accepted) + "."}
	case len(accepted) > 0 && !slices.Contains(accepted, value):
		return &Problem{ID: p.invalid, Status: http.StatusBadRequest, Text: name + ": this value is not known here" + choices(accepted) + "."}
	}
	return nil
}

func choices(accepted []string) string {
	if len(accepted) == 0 {
		return ""
	}
	return " (accepted: " + strings.Join(accepted, " or ") + ")"
}

// query reads the parameters of the request's address.
func query(c *call) (parameters, error) {
	p := parameters{missing: MissingParameter, invalid: InvalidParameter}
	var err error
	if p.values, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return p, &Problem{ID: InvalidParameter, Status: http.StatusBadRequest, Text: "The query cannot be read (accepted: name=value pairs, percent-encoded)."}
	}
	return p, p.once()
}

// once refuses a parameter that is there twice.
func (p parameters) once() error {
	for _, all := range p.values {
		if len(all) > 1 {
			return &Problem{ID: p.invalid, Status: http.StatusBadRequest, Text: "A parameter is there twice (accepted: each once)."}
		}
	}
	return nil
}

// tokenParameters reads a form, or the query where there is no body.
func (a *Appliance) tokenParameters(c *call) (parameters, error) {
	if err := a.fetch(c); err != nil {
		return parameters{}, err
	}
	if len(c.raw) == 0 {
		return query(c)
	}
	if err := known(c.r.Header["Content-Type"]); err != nil {
		return parameters{}, err
	}
	p := parameters{missing: InvalidInput, invalid: InvalidInput}
	var err error
	if p.values, err = url.ParseQuery(string(c.raw)); err != nil {
		return p, invalidInput("The body cannot be read (accepted: a form, application/x-www-form-urlencoded).")
	}
	return p, p.once()
}

// landing is where a redirect leads that no address was given for.
const landing = "/oauth/done"

// authorize answers GET oauth/authorize (Common API): an access code or a token for the account that asks. A token opens
// no way to another one.
func (a *Appliance) authorize(c *call) (answer, error) {
	if c.way == OAuth {
		return answer{}, &Problem{ID: Forbidden, Status: http.StatusForbidden, Text: "A token is not enough to get a code or another token (accepted: a name and a password, or a session)."}
	}
	p, err := query(c)
	if err != nil {
		return answer{}, err
	}
	if err := p.want("response_type", "code", "token"); err != nil {
		return answer{}, err
	}
	to, err := redirect(p.values)
	if err != nil {
		return answer{}, err
	}
	location := ""
	if p.values.Get("response_type") == "code" {
		location, err = a.withCode(c, to, p.values)
	} else {
		location, err = a.withToken(c, to, p.values)
	}
	if err != nil {
		return answer{}, err
	}
	c.w.Header()["Location"] = []string{location}
	return answer{status: http.StatusFound}, nil
}

// redirect is where the answer is sent.
func redirect(values url.Values) (*url.URL, error) {
	to, err := url.Parse(cmp.Or(values.Get("redirect_uri"), landing))
	if err == nil && to.Fragment == "" {
		elsewhere := (to.Scheme == "https" || to.Scheme == "http") && to.Host != ""
		here := to.Scheme == "" && to.Host == "" && strings.HasPrefix(to.Path, "/")
		if elsewhere || here {
			return to, nil
		}
	}
	return nil, &Problem{
		ID: InvalidParameter, Status: http.StatusBadRequest,
		Text: "redirect_uri: no redirect can lead there (accepted: an http or https address, or a path, without a fragment).",
	}
}

// withCode puts a new code into the query.
func (a *Appliance) withCode(c *call, to *url.URL, values url.Values) (string, error) {
	code, err := a.access.tokens.Issue(c.user.Name, "https://"+c.r.Host, c.now)
	if err != nil {
		return "", err
	}
	q := to.Query()
	q.Set("code", code)
	echo(q, values)
	to.RawQuery = q.Encode()
	return to.String(), nil
}

// withToken puts a new token into the fragment.
func (a *Appliance) withToken(c *call, to *url.URL, values url.Values) (string, error) {
	text, err := a.access.tokens.Hand(c.user.Name, c.now)
	if err != nil {
		return "", err
	}
	q := url.Values{"access_token": {text}, "token_type": {"bearer"}, "expires_in": {strconv.FormatInt(seconds(a.access.tokens.Life()), 10)}}
	echo(q, values)
	return to.String() + "#" + q.Encode(), nil
}

// echo sends the client's state back.
func echo(into, values url.Values) {
	if values.Has("state") {
		into.Set("state", values.Get("state"))
	}
}
