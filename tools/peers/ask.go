package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	statsAt  = "/api/mgmt.flowgateway_analytics/1.0/import_stats"
	backupAt = "/api/mgmt.gateway_backup/1.0/backup"
)

// patience is how long one answer is waited for: a peer that is silent has no answer.
const patience = 10 * time.Second

// question is one request. A user is NAME:PASSWORD; a method that is not given is GET.
type question struct{ method, path, user, body string }

type answer struct {
	status int
	body   []byte
}

// refused says how near an answer is to an error with this status and error_id.
func (a answer) refused(status int, id string) string {
	var told struct {
		ID string `json:"error_id"`
	}
	switch {
	case a.status == 0:
		return "no answer"
	case a.status != status:
		return fmt.Sprintf("no: %d", a.status)
	case json.Unmarshal(a.body, &told) != nil || told.ID != id:
		return "the status only"
	}
	return yes
}

func (q question) request(ctx context.Context, url string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, url+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if name, password, given := strings.Cut(q.user, ":"); given {
		r.SetBasicAuth(name, password)
	}
	return r, nil
}

func send(ctx context.Context, url string, q question) (answer, error) {
	r, err := q.request(ctx, url)
	if err != nil {
		return answer{}, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, body}, err
}

// window is a request by template C.
func window(from, to int) string {
	return fmt.Sprintf(`{"stats_type":"flows_per_minute","start_time":%d,"end_time":%d,"source_ip":""}`, from, to)
}

// abilities are what a client of an appliance needs from its stand-in. Each is probed.
var abilities = []struct {
	title string
	probe func(ask func(question) answer) string
}{
	{"the body of a GET is read: a field of a wrong type is refused, the documents' example is not", func(ask func(question) answer) string {
		good, bad := ask(asked(window(1702580400, 1702580460))), ask(asked(wrongType()))
		return verdict(good.status == 200 && bad.status >= 400 && bad.status < 500)
	}},
	{"that field: 400 BAD_REQUEST", func(ask func(question) answer) string {
		return ask(asked(wrongType())).refused(400, "BAD_REQUEST")
	}},
	{"JSON that breaks off in the body of a GET: 400 BAD_REQUEST", func(ask func(question) answer) string {
		return ask(asked(`{"stats_type":`)).refused(400, "BAD_REQUEST")
	}},
	{"no credentials: 401 AUTH_REQUIRED", func(ask func(question) answer) string {
		return ask(question{path: backupAt}).refused(401, "AUTH_REQUIRED")
	}},
	{"a wrong password: 401 AUTH_INVALID_CREDENTIALS", func(ask func(question) answer) string {
		return ask(question{path: backupAt, user: "admin:wrong"}).refused(401, "AUTH_INVALID_CREDENTIALS")
	}},
	{"a wrong method: 405 HTTP_INVALID_METHOD", func(ask func(question) answer) string {
		return ask(question{method: "DELETE", path: statsAt, user: "admin:admin"}).refused(405, "HTTP_INVALID_METHOD")
	}},
	{"rows lie in the window that is asked for", func(ask func(question) answer) string { return verdict(windowed(ask)) }},
	{"the status of a backup follows the POST that starts it, and the job comes to its end", func(ask func(question) answer) string { return verdict(follows(ask)) }},
}

const yes = "yes"

func verdict(holds bool) string {
	if holds {
		return yes
	}
	return "no"
}

func asked(body string) question { return question{path: statsAt, user: "admin:admin", body: body} }

func wrongType() string {
	return strings.Replace(window(1702580400, 1702580460), `"flows_per_minute"`, "7", 1)
}

// windowed asks for two minutes, one after the other, and looks whether each row is of the one that was asked for.
func windowed(ask func(question) answer) bool {
	for from, minute := range map[int]string{1702580400: "2023-12-14 19:00:00", 1702584000: "2023-12-14 20:00:00"} {
		var rows []struct{ Time string }
		told := ask(asked(window(from, from+60)))
		if json.Unmarshal(told.body, &rows) != nil || len(rows) == 0 {
			return false
		}
		for _, row := range rows {
			if !strings.HasPrefix(row.Time, minute) {
				return false
			}
		}
	}
	return true
}

// follows starts a backup and looks at its status until it is told as completed, on the host that was named.
func follows(ask func(question) answer) bool {
	posted := ask(question{method: "POST", path: backupAt, user: "admin:admin", body: `{"hostname":"localhost","security_pwd":"secret"}`})
	if posted.status < 200 || posted.status > 299 {
		return false
	}
	for range 50 {
		var status []struct{ Running struct{ Host, Status string } }
		told := ask(question{path: backupAt, user: "admin:admin"})
		if json.Unmarshal(bytes.TrimSpace(told.body), &status) != nil || len(status) != 1 {
			return false
		}
		if status[0].Running.Host == "localhost" && status[0].Running.Status == "COMPLETED" {
			return true
		}
		<-time.After(100 * time.Millisecond)
	}
	return false
}

// ask probes every ability of the peer at url, in the order of the table.
func ask(ctx context.Context, url string) []string {
	out := make([]string, len(abilities))
	for i, one := range abilities {
		out[i] = one.probe(func(q question) answer {
			told, err := send(ctx, url, q)
			if err != nil {
				return answer{} // which nothing takes for right
			}
			return told
		})
	}
	return out
}
