package fools

import (
	"net/http"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// unconditional devices give the same kind of answer to everything; none of them asks the device within.
func unconditional() []Fool {
	always := func(name, about string, answered func(*call) *answer) Fool {
		b := behaviour(func(step) step { return answered })
		return Fool{Name: "always/" + name, Kind: Unconditional, Expect: verdict.Failed, About: about, Wrap: b.wrap}
	}
	return []Fool{
		always("accepts", "answers everything with the examples of the documents", example),
		always("answers-empty-array", "answers everything with an empty array", func(*call) *answer { return asJSON(http.StatusOK, []any{}) }),
		always("answers-empty-object", "answers everything with an empty object", func(*call) *answer { return asJSON(http.StatusOK, newObject()) }),
		always("echoes", "answers everything with the body of the request", func(c *call) *answer {
			return text(http.StatusOK, "application/json", string(c.body))
		}),
		always("empty", "answers everything with 200 and no body", func(*call) *answer { return text(http.StatusOK, "application/json", "") }),
		always("garbage", "answers everything with bytes that mean nothing", func(*call) *answer {
			return text(http.StatusOK, "application/octet-stream", "\x00\xff\xfe{]\x1b[31m\x80\r\n\x00")
		}),
		always("internal-error", "answers everything with INTERNAL_ERROR", func(*call) *answer {
			return refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.")
		}),
		always("login-page", "answers everything with the page of another web server", func(*call) *answer {
			return text(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title><form method=post><input name=user><input name=password type=password></form>")
		}),
		always("not-found", "answers everything with 404", func(*call) *answer {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
		}),
		always("rejects", "answers everything with BAD_REQUEST", func(*call) *answer { return badRequest("Invalid argument.") }),
		always("unauthorized", "answers everything with AUTH_REQUIRED", func(*call) *answer {
			return refusal(http.StatusUnauthorized, "AUTH_REQUIRED", "Authentication required.")
		}),
	}
}

// example is an answer of the right shape for each operation, whatever is asked and by whom.
func example(c *call) *answer {
	record := func(path string) *object {
		return newObject("host", "localhost", "username", "mazu", "message", "", "path", path, "timeStamp", number(1704751860))
	}
	const depot = "/mnt/data/flowgateway-backup"
	switch {
	case c.on(statsPath):
		return asJSON(http.StatusOK, []any{newObject(
			"time", "2024-01-08 22:11:00+00:00", "source_ip", "192.0.2.10", "n_flows", number(154), "n_bytes", number(8448), "n_bad_bytes", number(0),
			"n_packets", number(20), "n_bad_packets", number(0), "peak_n_flows", "60", "peak_n_bytes", "3088", "peak_n_packets", "4",
		)})
	case c.req.Method == http.MethodPost:
		return noContent()
	case c.on(backupPath):
		last, running := record(depot), record(depot)
		last.set("subdir", depot+"/20240108_2211")
		running.set("status", "COMPLETED")
		return asJSON(http.StatusOK, []any{newObject("last_successful", last, "running", running)})
	case c.on(restorePath):
		status := record(depot + "/20240108_2211")
		status.set("status", "COMPLETED")
		return asJSON(http.StatusOK, status)
	}
	return asJSON(http.StatusOK, newObject())
}

// controls tell whether the suite itself can be trusted.
func controls() []Fool {
	through := behaviour(func(within step) step { return within })
	canary := mutant("control/canary", "analytics/response/type-c/list", "answers template C with a word", instead(inTemplate("C"), func(*call) *answer {
		return text(http.StatusOK, "text/plain", "canary")
	}))
	canary.Kind = Canary
	return []Fool{
		canary,
		{Name: "control/inert", Kind: Inert, Expect: verdict.Noted, About: "is the device itself", Wrap: func(next http.Handler) http.Handler { return next }},
		{Name: "control/inert-relayed", Kind: Inert, Expect: verdict.Noted, About: "relays every answer of the device as it is", Wrap: through.wrap},
	}
}
