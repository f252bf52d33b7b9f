package fools_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/fixtures/siblings"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// ofLamps are the requirements of the further document that fools of siblings break.
func ofLamps(t *testing.T) map[string]catalogue.Requirement {
	t.Helper()
	doc, err := openapi.Parse(siblings.Lamps)
	require.NoError(t, err)
	out := map[string]catalogue.Requirement{}
	for _, r := range catalogue.Sibling(doc) {
		out[r.ID] = r
	}
	return out
}

// lamps keeps the further document; it reports whether the request was for it. Who may ask has been looked at before.
func lamps(w http.ResponseWriter, r *http.Request) bool {
	resource, ours := strings.CutPrefix(r.URL.Path, "/api/mgmt.lamps/1.0/")
	query := r.URL.Query()
	switch key := r.Method + " " + resource; {
	case !ours:
		return false
	case key == "GET lamps" && (query.Get("colour") != "amber" || strings.Contains(query.Get("limit"), "flowgate")):
		refuse(w, 400, "BAD_REQUEST")
	case key == "GET lamps":
		reply(w, 200, []any{map[string]any{"name": "porch", "watts": 7}})
	case key == "GET lamps/porch":
		reply(w, 200, map[string]any{"name": "porch", "watts": 7})
	case key == "GET usage":
		if o, ok := fields(r, false); !ok || o["hours"] == nil || o["hours"] == "flowgate-nothing" {
			refuse(w, 400, "BAD_REQUEST")
		} else {
			reply(w, 200, map[string]any{"watt_hours": 168})
		}
	case key == "GET version":
		reply(w, 200, map[string]any{"version": "3"})
	case key == "DELETE lamps/porch":
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, 405, "HTTP_INVALID_METHOD")
	}
	return true
}

// lampScript asks for everything, rightly and wrongly. It begins with a request that tells the account's credentials.
func lampScript() []step {
	lamp := func(method, path, body, auth string) step {
		return step{scope: "lamps", method: method, path: "/api/mgmt.lamps/1.0/" + path, body: body, auth: auth}
	}
	return []step{
		lamp("GET", "version", "", ""), lamp("PUT", "version", "", ""),
		lamp("GET", "lamps?colour=amber", "", ""), lamp("GET", "lamps?colour=amber", "", "-"), lamp("GET", "lamps?colour=flowgate-nothing", "", ""),
		lamp("GET", "lamps", "", ""), lamp("GET", "lamps?colour=amber&limit=flowgate-nothing", "", ""),
		lamp("GET", "lamps/porch", "", ""), lamp("GET", "lamps/porch", "", "-"), lamp("DELETE", "lamps/porch", "", "-"),
		lamp("GET", "usage", `{"hours":24}`, ""), lamp("GET", "usage", `{"hours":24}`, "-"), lamp("GET", "usage", `{"hours":"flowgate-nothing"}`, ""), lamp("PUT", "usage", "", ""),
	}
}
