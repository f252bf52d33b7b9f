package mockserver

import (
	"encoding/xml"
	"net/http"

	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

// service is one line of GET services.
type service struct {
	XMLName  xml.Name `json:"-" xml:"service"`
	ID       string   `json:"id" xml:"id,attr"`
	Versions []string `json:"versions" xml:"versions>version"`
}

// services answers GET services (Common API). As recorded, they are in no order.
func (a *Appliance) services(c *call) (answer, error) {
	items := []service{
		{ID: "common", Versions: []string{"1.0", "1.1"}},
		{ID: "mgmt.gateway_backup", Versions: []string{"1.0"}},
		{ID: "mgmt.backup", Versions: []string{"1.0"}},
		{ID: "gateway", Versions: []string{"1.5"}},
		{ID: "mgmt.flowgateway_analytics", Versions: []string{"1.0"}},
		{ID: "cascade.aaa", Versions: []string{"1.0"}},
	}
	return c.say(list[service]{root: xml.Name{Local: "services"}, items: a.router.services(items)})
}

// authInfo answers GET auth_info (Common API).
func (a *Appliance) authInfo(c *call) (answer, error) {
	out := struct {
		XMLName xml.Name `json:"-" xml:"auth_info"`
		Methods []string `json:"supported_methods" xml:"supported_methods>method"`
		Purpose bool     `json:"specify_purpose" xml:"specify_purpose,attr"`
		Banner  string   `json:"login_banner" xml:"login_banner,attr"`
	}{Purpose: true, Banner: a.access.options.Banner}
	for _, w := range Ways() {
		if a.access.offers(w) {
			out.Methods = append(out.Methods, w.method())
		}
	}
	return c.say(out)
}

// info answers GET info (Common API).
func (a *Appliance) info(c *call) (answer, error) {
	s := a.State()
	return c.say(struct {
		XMLName   xml.Name `json:"-" xml:"info"`
		Version   string   `json:"sw_version" xml:"sw_version,attr"`
		Addresses []string `json:"mgmt_addresses" xml:"mgmt_addresses>mgmt_address"`
		Serial    string   `json:"serial" xml:"serial,attr"`
		Name      string   `json:"device_name" xml:"device_name,attr"`
		Model     string   `json:"model" xml:"model,attr"`
	}{Version: s.Version, Addresses: s.MgmtAddresses, Serial: s.Serial, Name: s.Name, Model: s.Model})
}

// nothing answers GET ping (Common API) and GET keepalive: the credentials were good.
func (a *Appliance) nothing(*call) (answer, error) { return answer{status: http.StatusNoContent}, nil }

// login answers POST login (Common API).
func (a *Appliance) login(c *call) (answer, error) {
	object, _ := c.body.JSON.(map[string]any)
	name, _ := object["username"].(string)
	password, _ := object["password"].(string)
	user, err := a.access.accounts.Verify(c.r.Context(), name, password, c.now)
	if err != nil {
		return answer{}, orDenied(c, err)
	}
	c.user = user
	id, err := a.access.sessions.Begin(user.Name, c.now)
	if err != nil {
		return answer{}, err
	}
	c.secret = true
	c.w.Header()["Set-Cookie"] = []string{sessionKey + "=" + id + "; Path=/"}
	return c.say(struct {
		XMLName xml.Name `json:"-" xml:"session"`
		Key     string   `json:"session_key" xml:"session_key,attr"`
		ID      string   `json:"session_id" xml:"session_id,attr"`
	}{Key: sessionKey, ID: id})
}

// logout answers POST and GET logout (Common API). Only a session can be ended.
func (a *Appliance) logout(c *call) (answer, error) {
	if c.session == "" {
		return answer{}, denied(auth.ErrMissing, c.dialect)
	}
	if !a.access.sessions.End(c.session) {
		return answer{}, denied(auth.ErrSession, c.dialect) // another request ended it first
	}
	return answer{status: http.StatusNoContent}, nil
}

// orDenied is the problem of an error of package auth, or the error.
func orDenied(c *call, err error) error {
	if p := denied(err, c.dialect); p != nil {
		return p
	}
	return err
}
