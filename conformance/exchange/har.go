package exchange

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The parts of an HTTP archive 1.2. Fields of our own begin with an underscore, as the format asks.
type (
	harFile struct {
		Log harLog `json:"log"`
	}
	harLog struct {
		Version string     `json:"version"`
		Creator harCreator `json:"creator"`
		Entries []harEntry `json:"entries"`
	}
	harCreator struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	harEntry struct {
		Started   string      `json:"startedDateTime"`
		Time      float64     `json:"time"` // milliseconds
		Request   harRequest  `json:"request"`
		Response  harResponse `json:"response"`
		Cache     struct{}    `json:"cache"`
		Timings   harTimings  `json:"timings"`
		ID        string      `json:"_id,omitempty"`
		Probe     string      `json:"_probe,omitempty"`
		Step      string      `json:"_step,omitempty"`
		Operation string      `json:"_operation,omitempty"`
		Variant   string      `json:"_variant,omitempty"`
		Auth      Auth        `json:"_auth,omitempty"`
		Leaks     []harLeak   `json:"_leaks,omitempty"`
		Ours      bool        `json:"_flowgate,omitempty"`
	}
	harLeak struct {
		Secret string `json:"secret"`
		Where  string `json:"where"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		PostData    *harPost  `json:"postData,omitempty"` // of a GET too
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
		Cut         int       `json:"_cut,omitempty"`
	}
	harPost struct {
		MimeType string    `json:"mimeType"`
		Params   []harPair `json:"params,omitempty"`
		Text     string    `json:"text"`
		Encoding string    `json:"_encoding,omitempty"` // base64
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int        `json:"bodySize"`
		Cut         int        `json:"_cut,omitempty"`
		Error       string     `json:"_error,omitempty"` // browsers write it too
	}
	harContent struct {
		Size     int     `json:"size"`
		MimeType string  `json:"mimeType"`
		Text     *string `json:"text,omitempty"`
		Encoding string  `json:"encoding,omitempty"` // base64
	}
	harTimings struct {
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

// WriteHAR writes exchanges as an HTTP archive 1.2. Bodies of GET requests stand in postData; bodies that are no text
// are base64. Version is that of the harness.
func WriteHAR(w io.Writer, exchanges []Exchange, version string) error {
	f := harFile{Log: harLog{Version: "1.2", Creator: harCreator{"flowgate", version}, Entries: []harEntry{}}}
	for i := range exchanges {
		f.Log.Entries = append(f.Log.Entries, entry(&exchanges[i]))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("exchange: the HTTP archive was not written: %w", err)
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func duration(ms float64) time.Duration {
	return time.Duration(math.Round(max(ms, 0) * float64(time.Millisecond)))
}

func entry(x *Exchange) harEntry {
	e := harEntry{
		Started: x.Started.UTC().Format(time.RFC3339Nano), Time: milliseconds(x.Total),
		Timings: harTimings{Wait: milliseconds(x.FirstByte), Receive: milliseconds(max(x.Total-x.FirstByte, 0))},
		ID:      x.ID, Probe: x.Probe, Step: x.Step, Operation: x.Operation, Variant: x.Variant, Auth: x.Auth, Ours: true,
		Request: harRequest{
			Method: x.Request.Method, URL: x.Request.URL, HTTPVersion: x.Request.Proto, Cookies: []harPair{}, Headers: pairs(x.Request.Header),
			QueryString: query(x.Request.URL), HeadersSize: -1, BodySize: len(x.Request.Body), Cut: x.Request.Cut,
		},
		Response: harResponse{
			Status: x.Response.Status, StatusText: http.StatusText(x.Response.Status), HTTPVersion: x.Response.Proto, Cookies: []harPair{},
			Headers: pairs(x.Response.Header), RedirectURL: x.Response.Header.Get("Location"), HeadersSize: -1,
			BodySize: len(x.Response.Body) + x.Response.Cut, Cut: x.Response.Cut, Error: x.Error,
			Content: harContent{Size: len(x.Response.Body) + x.Response.Cut, MimeType: x.Response.Header.Get("Content-Type")},
		},
	}
	for _, l := range x.Leaks {
		e.Leaks = append(e.Leaks, harLeak(l))
	}
	if x.Request.Body != nil {
		text, encoding := harText(x.Request.Body)
		e.Request.PostData = &harPost{MimeType: x.Request.Header.Get("Content-Type"), Text: text, Encoding: encoding}
	}
	if x.Response.Body != nil {
		text, encoding := harText(x.Response.Body)
		e.Response.Content.Text, e.Response.Content.Encoding = &text, encoding
	}
	return e
}

func harText(b []byte) (text, encoding string) {
	if utf8.Valid(b) {
		return string(b), ""
	}
	return base64.StdEncoding.EncodeToString(b), "base64"
}

func pairs(h http.Header) []harPair {
	out := []harPair{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			out = append(out, harPair{name, v})
		}
	}
	return out
}

func query(target string) []harPair {
	out := []harPair{}
	u, err := url.Parse(target)
	if err != nil {
		return out
	}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name != "" {
			out = append(out, harPair{name, value})
		}
	}
	return out
}

// ReadHAR reads an HTTP archive of this tool, a browser or another tool. What is not of this tool has no probe, step,
// operation and variant, and gets an id where it has none. All is redacted as it is read, since archives of other tools
// hold passwords and cookies as they were. An archive without entries is an error.
func ReadHAR(r io.Reader) ([]Exchange, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("exchange: the HTTP archive could not be read: %w", err)
	}
	var f harFile
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &f); err != nil {
		return nil, fmt.Errorf("exchange: this is no HTTP archive: %w\nhint: give a file that --har wrote, or that a browser saved as HAR", err)
	}
	if len(f.Log.Entries) == 0 {
		return nil, errors.New("exchange: the HTTP archive has no entries\nhint: record anew; nothing judged is not success")
	}
	redactor := NewRedactor("")
	out := make([]Exchange, 0, len(f.Log.Entries))
	ids := map[string]bool{}
	for i := range f.Log.Entries {
		e := &f.Log.Entries[i]
		x, err := e.exchange()
		if err != nil {
			return nil, fmt.Errorf("exchange: entry %d of the HTTP archive: %w", i+1, err)
		}
		if x.ID = cmp.Or(x.ID, slotID(i)); ids[x.ID] {
			return nil, fmt.Errorf("exchange: entry %d of the HTTP archive: the id %s is there twice", i+1, x.ID)
		}
		ids[x.ID] = true
		out = append(out, x)
	}
	redactor.redactAll(out)
	for i := range out {
		if !f.Log.Entries[i].Ours {
			out[i].Leaks = nil // a person's traffic is not judged for what a probe never planted
		}
	}
	return out, nil
}

func (e *harEntry) exchange() (Exchange, error) {
	x := Exchange{
		ID: e.ID, Probe: e.Probe, Step: e.Step, Operation: e.Operation, Variant: e.Variant, Auth: e.Auth,
		Error: e.Response.Error, FirstByte: duration(max(e.Timings.Send, 0) + max(e.Timings.Wait, 0)), Total: duration(e.Time),
		Request:  Message{Method: e.Request.Method, URL: e.Request.URL, Proto: e.Request.HTTPVersion, Header: header(e.Request.Headers), Cut: e.Request.Cut},
		Response: Message{Status: e.Response.Status, Proto: e.Response.HTTPVersion, Header: header(e.Response.Headers), Cut: e.Response.Cut},
	}
	var err error
	if x.Started, err = time.Parse(time.RFC3339Nano, e.Started); err != nil {
		return x, fmt.Errorf("startedDateTime %q is no time of RFC 3339", e.Started)
	}
	x.Started = x.Started.UTC()
	if p := e.Request.PostData; p != nil {
		if x.Request.Body, err = bodyOf(p.Text, p.Encoding); err != nil {
			return x, err
		}
		if p.Text == "" && len(p.Params) > 0 {
			x.Request.Body = []byte(form(p.Params))
		}
	}
	if text := e.Response.Content.Text; text != nil {
		if x.Response.Body, err = bodyOf(*text, e.Response.Content.Encoding); err != nil {
			return x, err
		}
	}
	for _, l := range e.Leaks {
		x.Leaks = append(x.Leaks, Leak(l))
	}
	if !x.Answered() && x.Error == "" {
		x.Error = "failed: the archive has no answer"
	}
	return x, nil
}

// header reads headers; pseudo-headers of HTTP/2 are none.
func header(list []harPair) http.Header {
	h := http.Header{}
	for _, p := range list {
		if !strings.HasPrefix(p.Name, ":") {
			h.Add(p.Name, p.Value)
		}
	}
	return h
}

func form(params []harPair) string {
	var out []string
	for _, p := range params {
		out = append(out, p.Name+"="+p.Value)
	}
	return strings.Join(out, "&")
}

func bodyOf(text, encoding string) ([]byte, error) {
	switch encoding {
	case "":
		return []byte(text), nil
	case "base64":
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("a body is no base64: %w", err)
		}
		return b, nil
	}
	return nil, fmt.Errorf("a body has encoding %q (expected none, or base64)", encoding)
}
