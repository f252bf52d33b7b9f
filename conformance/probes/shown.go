package probes

import (
	"context"
	"net/http"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The probes of headers that hold no session or token, and of requests for a token that cannot be read. Steps named
// either hold a good one too, so that both answers are right.
const (
	SessionShown   = "login/session/shown"
	TokenShown     = "login/token/shown"
	TokenMalformed = "login/token/malformed"
)

// ImageDoor is the probe of the backups on the device's own disk, which comes once there may be one.
const ImageDoor = "login/door/image"

// readings ask for what the two documents let one only read, with these credentials: once at each resource.
func (s *set) readings(sn check.Session, step, authorization, cookie string) []exchange.Request {
	var out []exchange.Request
	for _, t := range AccessTargets() {
		if t.Hazard > check.Observe || t.Variant != "" && t.Variant != "C" {
			continue
		}
		r := s.target(sn, t)
		r.Step, r.Auth, r.Authorization, r.Cookie = step+"/"+t.Name, exchange.Verbatim, authorization, cookie
		out = append(out, r)
	}
	return out
}

// sessionShown shows cookies that hold no session while one is alive, where the device hands them out.
func (s *set) sessionShown(ctx context.Context, sn check.Session) error {
	name, session := "SESSID", ""
	if offers(sn, check.BySession) {
		var err error
		if session, err = begin(ctx, sn, "login", ""); err != nil {
			return err
		}
	}
	var list []exchange.Request
	if session != "" {
		name, _, _ = strings.Cut(session, "=")
		for _, c := range corpus.TwoCookies(session) {
			list = append(list, s.guarded(sn, "either/"+c.Name, "", c.Text))
		}
	}
	for _, c := range corpus.MalformedCookies(name) {
		list = append(list, s.readings(sn, "denied/"+c.Name, "", c.Text)...)
	}
	if session != "" {
		list = append(list, end("leave", http.MethodPost, session))
	}
	return sequence(ctx, sn, list...)
}

// tokenShown shows headers that hold no token while one is alive, where the device hands them out.
func (s *set) tokenShown(ctx context.Context, sn check.Session) error {
	var list []exchange.Request
	if offers(sn, check.ByToken) {
		t, err := token(ctx, sn, "token", "")
		if err != nil {
			return err
		}
		if t.Value != "" {
			for _, c := range corpus.TwoTokens(t.Value) {
				list = append(list, s.guarded(sn, "either/"+c.Name, c.Text, ""))
			}
		}
	}
	for _, c := range corpus.MalformedTokens() {
		list = append(list, s.readings(sn, "denied/"+c.Name, c.Text, "")...)
	}
	return sequence(ctx, sn, list...)
}

// malformedChanges ask for tokens in ways that cannot be read.
func (s *set) malformedChanges(sn check.Session) []exchange.Request {
	if !sn.Dry() && !sn.Facts().Access.Offers(check.ByToken) {
		return nil
	}
	var out []exchange.Request
	for _, c := range corpus.MalformedChanges() {
		out = append(out, exchange.Request{
			Step: "denied/" + c.Name, Method: http.MethodPost, Path: corpus.TokenPath, Auth: exchange.None, Body: c.Body, ContentType: c.ContentType,
		})
	}
	return out
}
