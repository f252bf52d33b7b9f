package mockserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// TestBadRequestsNameTheFieldAndWhatIsAccepted sends requests that differ from a good one in one thing.
func TestBadRequestsNameTheFieldAndWhatIsAccepted(t *testing.T) {
	const templateC = `{"stats_type":"flows_per_minute","start_time":1704751500,"end_time":1704751620,"source_ip":""}`
	stats := []struct {
		name, good, from, to string
		words                []string
	}{
		{"stats_type missing", templateA, `"stats_type":"flows_per_minute",`, ``, []string{"stats_type", "missing", "flows_per_hour"}},
		{"stats_type unknown", templateA, `flows_per_minute`, `flows_per_day`, []string{"stats_type", "flows_per_second", "flows_per_hour"}},
		{"stats_type a number", templateA, `"flows_per_minute"`, `1`, []string{"stats_type", "string"}},
		{"interval_type unknown", templateA, `"minutes"`, `"fortnights"`, []string{"interval_type", "weeks"}},
		{"time_interval text", templateA, `:3`, `:"3"`, []string{"time_interval", "integer"}},
		{"time_interval broken", templateA, `:3`, `:1.5`, []string{"time_interval", "integer"}},
		{"time_interval negative", templateA, `:3`, `:-1`, []string{"time_interval", "at least 1"}},
		{"time_interval zero", templateA, `:3`, `:0`, []string{"time_interval", "at least 1"}},
		{"time_interval null", templateA, `:3`, `:null`, []string{"time_interval"}},
		{"time_interval true", templateA, `:3`, `:true`, []string{"time_interval", "integer"}},
		{"source_ip missing", templateA, `,"source_ip":"192.0.2.1"`, ``, []string{"source_ip", "missing", "IPv4 or IPv6"}},
		{"source_ip no address", templateA, `192.0.2.1`, `10.x.x.x`, []string{"source_ip", "IPv4 or IPv6"}},
		{"source_ip leading zero", templateA, `192.0.2.1`, `192.0.2.01`, []string{"source_ip"}},
		{"source_ip with zone", templateA, `192.0.2.1`, `fe80::1%eth0`, []string{"source_ip"}},
		{"source_ip blank", templateA, `192.0.2.1`, ` `, []string{"source_ip"}},
		{"extra key", templateA, `{`, `{"zz":1,`, []string{"not known", "time_interval"}},
		{"key in capitals", templateA, `stats_type`, `STATS_TYPE`, []string{"stats_type", "missing"}},
		{"start_time in another form", templateB, `08/01/2024 22:05:00`, `2024-01-08 22:05:00`, []string{"start_time", "Day/month/year"}},
		{"start_time of no day", templateB, `08/01/2024 22:05:00`, `31/02/2023 22:05:00`, []string{"start_time", "calendar"}},
		{"start_time in month 13", templateB, `08/01/2024`, `08/13/2024`, []string{"start_time"}},
		{"start_time with hour 24", templateB, `22:05:00`, `24:05:00`, []string{"start_time"}},
		{"end_time missing", templateB, `"end_time":"08/01/2024 22:07:00",`, ``, []string{"end_time", "missing"}},
		{"text and number", templateB, `"08/01/2024 22:07:00"`, `1704751620`, []string{"end_time"}},
		{"start_time in quotes", templateC, `1704751500`, `"1704751500"`, []string{"start_time"}},
		{"start_time negative", templateC, `1704751500`, `-5`, []string{"start_time", "at least 0"}},
		{"window reversed", templateC, `1704751500`, `1704751800`, []string{"start_time", "end_time"}},
		{"templates mixed", templateC, `{`, `{"interval_type":"minutes",`, []string{"not known"}},
		{"empty body", templateA, templateA, ``, []string{"body", "accepted"}},
		{"empty object", templateA, templateA, `{}`, []string{"template A", "time_interval"}},
		{"null", templateA, templateA, `null`, []string{"object"}},
		{"text", templateA, templateA, `"x"`, []string{"object"}},
		{"array of null", templateA, templateA, `[null]`, []string{"object"}},
		{"array in array", templateA, templateA, `[[` + templateA + `]]`, []string{"object"}},
		{"array of two", templateA, templateA, `[` + templateA + `,` + templateA + `]`, []string{"one"}},
		{"empty array", templateA, templateA, `[]`, []string{"empty"}},
		{"JSON broken", templateA, `}`, ``, []string{"ends too early", "byte"}},
		{"JSON twice", templateA, `}`, `}{}`, []string{"follows", "byte"}},
		{"key twice", templateA, `{`, `{"stats_type":"flows_per_hour",`, []string{"twice", "byte"}},
		{"single quotes", templateA, `"stats_type"`, `'stats_type'`, []string{"double quotes"}},
		{"comma at the end", templateA, `}`, `,}`, []string{"double quotes"}},
		{"byte order mark", templateA, `{`, "\ufeff{", []string{"not a JSON value"}},
		{"not UTF-8", templateA, `minutes"`, "\xff\"", []string{"UTF-8"}},
	}
	a := standing(t)
	for _, c := range stats {
		t.Run("import_stats/"+c.name, func(t *testing.T) {
			require.Contains(t, c.good, c.from)
			rowsOf(t, a, c.good)
			refused(t, ask(t, a, "GET", statsPath, swap(c.good, c.from, c.to)), http.StatusBadRequest, mockserver.BadRequest, c.words...)
		})
	}
	full := swap(remoteJob, "}", `,"no_cert":"false"}`)
	jobs := []struct {
		name, path, good, from, to string
		words                      []string
	}{
		{"hostname missing", backupPath, localJob, `"hostname":"localhost",`, ``, []string{"hostname", "missing"}},
		{"hostname empty", backupPath, localJob, `localhost`, ``, []string{"hostname"}},
		{"hostname a number", backupPath, localJob, `"localhost"`, `7`, []string{"hostname", "string"}},
		{"hostname no name", backupPath, localJob, `localhost`, `a b;c`, []string{"hostname", "address"}},
		{"security_pwd missing", backupPath, localJob, `,"security_pwd":"EncryptionKey"`, ``, []string{"security_pwd", "missing"}},
		{"security_pwd empty", backupPath, localJob, `EncryptionKey`, ``, []string{"security_pwd"}},
		{"username missing for another host", backupPath, remoteJob, `"username":"u",`, ``, []string{"username", "localhost"}},
		{"password missing for another host", backupPath, remoteJob, `"password":"p",`, ``, []string{"password", "localhost"}},
		{"path missing for another host", backupPath, remoteJob, `"path":"/b",`, ``, []string{"path", "localhost"}},
		{"path upwards", backupPath, remoteJob, `/b`, `/b/../../etc`, []string{"path", ".."}},
		{"no_cert in a backup", backupPath, localJob, `}`, `,"no_cert":"true"}`, []string{"not known"}},
		{"no_cert a boolean", restorePath, full, `"false"`, `false`, []string{"no_cert"}},
		{"no_cert maybe", restorePath, full, `"false"`, `"maybe"`, []string{"no_cert", "true", "false"}},
		{"an array", restorePath, localJob, localJob, `[` + localJob + `]`, []string{"object"}},
	}
	for _, c := range jobs {
		t.Run(strings.TrimPrefix(c.path, "/api/mgmt.gateway_backup/1.0/")+"/"+c.name, func(t *testing.T) {
			a := standing(t)
			require.Contains(t, c.good, c.from)
			w := ask(t, a, "POST", c.path, swap(c.good, c.from, c.to))
			refused(t, w, http.StatusBadRequest, mockserver.BadRequest, c.words...)
			require.NotContains(t, w.Body.String(), "EncryptionKey")
			require.Contains(t, ask(t, a, "GET", c.path, "").Body.String(), `"NONE"`, "nothing has started")
			w = ask(t, a, "POST", c.path, c.good)
			require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
			require.Empty(t, w.Body.String())
		})
	}
}

func TestCredentialsComeBeforeMethodAndMethodBeforeBody(t *testing.T) {
	a := standing(t)
	const bad = `{"stats_type":`
	refused(t, ask(t, a, "GET", statsPath, bad, "Authorization", ""), 401, mockserver.AuthRequired)
	refused(t, ask(t, a, "POST", statsPath, bad, "Authorization", ""), 401, mockserver.AuthRequired)
	refused(t, ask(t, a, "POST", statsPath, bad), 405, mockserver.InvalidMethod, "GET")
	refused(t, ask(t, a, "GET", "/api/none", bad, "Authorization", ""), 404, mockserver.NotFound)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW", "get"} {
		w := ask(t, a, method, statsPath, templateA)
		refused(t, w, 405, mockserver.InvalidMethod)
		require.Equal(t, "GET", w.Header().Get("Allow"))
	}
	require.Equal(t, "GET, POST", ask(t, a, "DELETE", backupPath, "").Header().Get("Allow"))
	for _, path := range []string{"/", "/api", statsPath + "/", "/" + statsPath, strings.Replace(statsPath, "import", "%69mport", 1), strings.ToUpper(statsPath)} {
		refused(t, ask(t, a, "GET", path, ""), 404, mockserver.NotFound)
	}
}

func TestCredentials(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) {
		o.Users = map[string]string{"admin": "admin", "bob": strings.Repeat("long ", 40) + "ö:"}
	})
	const good = "Basic YWRtaW46YWRtaW4="
	cases := []struct{ name, header, id string }{
		{"none", "", mockserver.AuthRequired},
		{"wrong password", "Basic YWRtaW46QWRtaW4=", mockserver.InvalidCredentials},
		{"unknown user", "Basic bm9ib2R5OmFkbWlu", mockserver.InvalidCredentials},
		{"empty", "Basic Og==", mockserver.InvalidCredentials},
		{"no colon", "Basic YWRtaW4=", mockserver.InvalidCredentials},
		{"no base64", "Basic %%%", mockserver.InvalidCredentials},
		{"no value", "Basic", mockserver.InvalidCredentials},
		{"another scheme", "Digest YWRtaW46YWRtaW4=", mockserver.InvalidCredentials},
		{"control character", "Basic YWRtaW46YWRtaW4A", mockserver.InvalidCredentials},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // what was refused once is refused again
				w := ask(t, a, "GET", backupPath, "", "Authorization", c.header)
				refused(t, w, http.StatusUnauthorized, c.id)
				require.Contains(t, w.Header().Get("WWW-Authenticate"), "Basic ")
			}
		})
	}
	require.Equal(t, 200, ask(t, a, "GET", backupPath, "", "Authorization", good).Code)
	require.Equal(t, 200, ask(t, a, "GET", backupPath, "", "Authorization", strings.Replace(good, "Basic ", "bASIC   ", 1)).Code)
	require.Equal(t, 200, ask(t, a, "GET", "/api/common/1.0/services", "", "Authorization", "").Code)
}

func TestEveryAnswerHasTheHeadersOfTheDevice(t *testing.T) {
	a := standing(t)
	for _, w := range []http.Header{
		ask(t, a, "GET", backupPath, "").Header(), ask(t, a, "GET", statsPath, templateA).Header(),
		ask(t, a, "GET", "/none", "").Header(), ask(t, a, "POST", backupPath, "{").Header(), ask(t, a, "POST", backupPath, localJob).Header(),
	} {
		require.Contains(t, w.Get("Cache-Control"), "no-store")
		require.Equal(t, "nosniff", w.Get("X-Content-Type-Options"))
		require.Equal(t, "SAMEORIGIN", w.Get("X-Frame-Options"))
		require.Equal(t, "Mon, 08 Jan 2024 22:11:30 GMT", w.Get("Date"), "by the appliance's clock")
	}
}

// TestAChangedDocumentChangesWhatIsServed gives the appliance other documents than its own.
func TestAChangedDocumentChangesWhatIsServed(t *testing.T) {
	text := string(openapi.Text(openapi.Version31))
	with := func(t *testing.T, changes ...string) (*mockserver.Appliance, error) {
		changed := strings.NewReplacer(changes...).Replace(text)
		require.NotEqual(t, text, changed)
		doc, err := openapi.Parse([]byte(changed))
		require.NoError(t, err)
		return mockserver.New(mockserver.Options{Document: doc, PasswordCost: 4})
	}
	t.Run("a path", func(t *testing.T) {
		a, err := with(t, "/api/mgmt.gateway_backup/1.0/backup:", "/api/mgmt.gateway_backup/2.0/backup:")
		require.NoError(t, err)
		defer a.Close()
		require.Equal(t, 404, ask(t, a, "GET", backupPath, "").Code)
		require.Equal(t, 200, ask(t, a, "GET", strings.Replace(backupPath, "1.0", "2.0", 1), "").Code)
	})
	t.Run("an enum", func(t *testing.T) {
		a, err := with(t, "enum: [seconds, minutes, hours, weeks, days, months]", "enum: [minutes, hours]")
		require.NoError(t, err)
		defer a.Close()
		require.Equal(t, 200, ask(t, a, "GET", statsPath, templateA).Code)
		refused(t, ask(t, a, "GET", statsPath, swap(templateA, `"minutes"`, `"days"`)), 400, mockserver.BadRequest, "interval_type", "hours")
	})
	t.Run("a required property", func(t *testing.T) {
		a, err := with(t, "required: [hostname, security_pwd]", "required: [hostname]")
		require.NoError(t, err)
		defer a.Close()
		require.Equal(t, 200, ask(t, a, "POST", backupPath, `{"hostname":"localhost"}`).Code)
	})
	t.Run("an operation that nobody serves", func(t *testing.T) {
		_, err := with(t, "operationId: ping", "operationId: pong")
		require.ErrorContains(t, err, `"pong"`)
	})
}

func TestBodiesOfAnyKindAreRead(t *testing.T) {
	a := standing(t)
	for _, kind := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=latin1", ";;"} {
		require.Equal(t, 200, ask(t, a, "GET", statsPath, templateA, "Content-Type", kind).Code, kind)
	}
	require.Equal(t, 200, ask(t, a, "GET", backupPath, "{not json", "Content-Type", "application/json").Code, "a body that nobody asked for")
	require.NoError(t, a.SetDialect(dialect.Dialect{dialect.ContentType: "json"}))
	require.Equal(t, 200, ask(t, a, "GET", statsPath, templateA, "Content-Type", "application/json; charset=utf-8").Code)
	refused(t, ask(t, a, "GET", statsPath, templateA, "Content-Type", ""), 400, mockserver.BadRequest, "application/json")
}

func TestErrorInfoIsThereOnlyWhereTheDialectHasIt(t *testing.T) {
	a := standing(t)
	require.NoError(t, a.SetDialect(dialect.Dialect{dialect.ErrorInfo: "object"}))
	w := ask(t, a, "GET", statsPath, "["+swap(templateA, `:3`, `:"3"`)+"]")
	require.Contains(t, w.Body.String(), `"error_info":{"details":[{"pointer":"/0/time_interval","keyword":"type"`)
	require.NoError(t, a.SetDialect(dialect.Dialect{dialect.ErrorInfo: "null"}))
	require.Contains(t, ask(t, a, "GET", statsPath, "[]").Body.String(), `"error_info":null`)
	require.ErrorContains(t, a.SetDialect(dialect.Dialect{dialect.ErrorInfo: "loud"}), "expected one of")
	require.Contains(t, ask(t, a, "GET", statsPath, "[]").Body.String(), `"error_info":null`, "nothing has changed")
}
