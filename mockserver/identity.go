package mockserver

import (
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

// services answers GET services (Common API).
func (a *Appliance) services(*call) (answer, error) {
	type service struct {
		ID       string   `json:"id"`
		Versions []string `json:"versions"`
	}
	return jsonAnswer([]service{
		{ID: "common", Versions: []string{"1.0"}},
		{ID: "mgmt.gateway_backup", Versions: []string{"1.0"}},
		{ID: "mgmt.flowgateway_analytics", Versions: []string{"1.0"}},
	})
}

// authInfo answers GET auth_info (Common API).
func (a *Appliance) authInfo(*call) (answer, error) {
	return jsonAnswer(struct {
		Methods []string `json:"supported_methods"`
		Purpose bool     `json:"specify_purpose"`
		Banner  string   `json:"login_banner"`
	}{Methods: []string{"BASIC"}})
}

// info answers GET info (Common API).
func (a *Appliance) info(*call) (answer, error) {
	s := a.State()
	return jsonAnswer(struct {
		Version   string   `json:"sw_version"`
		Addresses []string `json:"mgmt_addresses"`
		Serial    string   `json:"serial"`
		Name      string   `json:"device_name"`
		Model     string   `json:"model"`
	}{s.Version, s.MgmtAddresses, s.Serial, s.Name, s.Model})
}

// ping answers GET ping (Common API).
func (a *Appliance) ping(*call) (answer, error) { return answer{status: http.StatusNoContent}, nil }

func jsonAnswer(v any) (answer, error) {
	body, err := json.Marshal(v)
	return answer{status: http.StatusOK, body: body}, err
}

// appendText renders a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, err := json.Marshal(s)
			if err != nil { // not for a string
				return append(b, `""`...)
			}
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
