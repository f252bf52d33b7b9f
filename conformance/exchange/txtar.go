package exchange

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// The index of a directory of exchanges: its first line names the format, each further line one file and, for people,
// what is in it.
const (
	indexName   = "index.txt"
	indexHeader = "flowgate exchanges v1"
)

// WriteDir writes exchanges into a directory, one txtar file each and an index that tells their order. The directory is
// made where it does not exist; files of an earlier WriteDir are replaced, any other file in it is an error.
func WriteDir(dir string, exchanges []Exchange) error {
	if err := clearDir(dir); err != nil {
		return err
	}
	var index strings.Builder
	index.WriteString(indexHeader + "\n")
	used := map[string]bool{}
	for i := range exchanges {
		x := &exchanges[i]
		name := x.ID + ".txtar"
		if x.ID == "" || used[name] || strings.ContainsAny(x.ID, "/\\ \t\n") || strings.HasPrefix(x.ID, ".") {
			return fmt.Errorf("exchange: %q is no id for a file (expected a name that is unique, such as x0001)", x.ID)
		}
		used[name] = true
		if err := os.WriteFile(filepath.Join(dir, name), Format(x), 0o600); err != nil {
			return fmt.Errorf("exchange: %w", err)
		}
		fmt.Fprintf(&index, "%s\t%s\n", name, title(x))
	}
	if err := os.WriteFile(filepath.Join(dir, indexName), []byte(index.String()), 0o600); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	return nil
}

// clearDir removes what an earlier WriteDir left.
func clearDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	names, err := readIndex(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range append(names, indexName) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("exchange: %w", err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	if len(left) > 0 {
		return fmt.Errorf("exchange: %s holds %s, which is not of an earlier recording\nhint: give a directory that is new or empty", dir, left[0].Name())
	}
	return nil
}

func readIndex(dir string) ([]string, error) {
	path := filepath.Join(dir, indexName)
	data, err := os.ReadFile(path) //nolint:gosec // the directory is what the user asked for
	if err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if lines[0] != indexHeader {
		return nil, fmt.Errorf("exchange: %s:1: %q (expected %q)", path, lines[0], indexHeader)
	}
	var names []string
	for i, line := range lines[1:] {
		name, _, _ := strings.Cut(line, "\t")
		if name != filepath.Base(name) || filepath.Ext(name) != ".txtar" {
			return nil, fmt.Errorf("exchange: %s:%d: %q is no file name (expected such as x0001.txtar)", path, i+2, name)
		}
		names = append(names, name)
	}
	return names, nil
}

// ReadDir reads what WriteDir wrote. A directory without exchanges is an error, as is a file that its index does not
// name: what silently became empty, or is silently left out, would be judged as if nothing were wrong. What is
// read is redacted again, since files can be written by hand.
func ReadDir(dir string) ([]Exchange, error) {
	names, err := readIndex(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w\nhint: give a directory that --record wrote, which holds %s", err, indexName)
	}
	if err != nil {
		return nil, err
	}
	present, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	for _, path := range present {
		if !slices.Contains(names, filepath.Base(path)) {
			return nil, fmt.Errorf("exchange: %s is not in %s\nhint: remove it, or add a line for it", path, indexName)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("exchange: %s names no exchange\nhint: record anew", filepath.Join(dir, indexName))
	}
	out := make([]Exchange, 0, len(names))
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a base name, checked above
		if err != nil {
			return nil, fmt.Errorf("exchange: %w\nhint: %s names it; record anew", err, indexName)
		}
		x, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("exchange: %s: %w", filepath.Join(dir, name), err)
		}
		out = append(out, x)
	}
	NewRedactor("").redactAll(out)
	return out, nil
}

func title(x *Exchange) string {
	answer := strconv.Itoa(x.Response.Status)
	if !x.Answered() {
		answer = "no answer"
	}
	return one(strings.Join(strings.Fields(strings.Join([]string{x.Probe, x.Step, x.Request.Method, x.Request.URL, "→", answer}, " ")), " "))
}

// one keeps a text on one line: what does not fit is written as a Go string.
func one(s string) string {
	if s == strings.TrimSpace(s) && !strings.HasPrefix(s, `"`) && strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == utf8.RuneError || c == 0x7f }) < 0 {
		return s
	}
	return strconv.Quote(s)
}

// many reads what one wrote.
func many(s string) (string, error) {
	if !strings.HasPrefix(s, `"`) {
		return s, nil
	}
	out, err := strconv.Unquote(s)
	if err != nil {
		return "", fmt.Errorf("%s is no Go string", s)
	}
	return out, nil
}

// Format writes an exchange as txtar: a part "exchange" with its names and times, the heads of request and response as
// on the wire, and their bodies, as text where that loses nothing and else as base64.
func Format(x *Exchange) []byte {
	a := &txtar.Archive{Comment: []byte(title(x) + "\n")}
	add := func(name, data string) { a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(data)}) }
	var meta strings.Builder
	for _, f := range x.fields() {
		if v := f.get(); v != "" {
			fmt.Fprintf(&meta, "%s: %s\n", f.name, one(v))
		}
	}
	for _, l := range x.Leaks {
		fmt.Fprintf(&meta, "Leak: %s in %s\n", one(l.Secret), one(l.Where))
	}
	add("exchange", meta.String())
	for _, half := range []struct {
		name string
		m    *Message
	}{{"request", &x.Request}, {"response", &x.Response}} {
		add(half.name, head(half.m))
		if half.m.Body != nil {
			name, data := encodeBody(half.name+".body", half.m.Body)
			add(name, data)
		}
	}
	return txtar.Format(a)
}

func head(m *Message) string {
	var out strings.Builder
	for _, f := range []struct{ name, value string }{
		{":method", m.Method},
		{":url", m.URL},
		{":proto", m.Proto},
		{":status", number(m.Status)},
		{":cut", number(m.Cut)},
	} {
		if f.value != "" {
			fmt.Fprintf(&out, "%s: %s\n", f.name, one(f.value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		for _, v := range m.Header[name] {
			fmt.Fprintf(&out, "%s: %s\n", name, one(v))
		}
	}
	return out.String()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// encodeBody chooses text where a body is readable and txtar gives it back as it is; the newline that txtar wants at
// the end is added, and taken off again by decodeBody.
func encodeBody(name string, b []byte) (string, string) {
	marker := bytes.HasPrefix(b, []byte("-- ")) || bytes.Contains(b, []byte("\n-- "))
	if utf8.Valid(b) && !marker && bytes.IndexByte(b, '\r') < 0 && bytes.IndexByte(b, 0) < 0 {
		return name, string(b) + "\n"
	}
	var out strings.Builder
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(b)), 76) {
		out.Write(line)
		out.WriteByte('\n')
	}
	return name + ".base64", out.String()
}

func decodeBody(name string, data []byte) ([]byte, error) {
	if !strings.HasSuffix(name, ".base64") {
		return bytes.TrimSuffix(data, []byte("\n")), nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(data), "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("part %s is no base64: %w", name, err)
	}
	return b, nil
}

// field is one named text of an exchange.
type field struct {
	name string
	get  func() string
	set  func(string) error
}

func (x *Exchange) fields() []field {
	str := func(name string, p *string) field {
		return field{name, func() string { return *p }, func(s string) error { *p = s; return nil }}
	}
	span := func(name string, p *time.Duration) field {
		return field{name, p.String, func(s string) (err error) { *p, err = time.ParseDuration(s); return err }}
	}
	return []field{
		str("ID", &x.ID), str("Probe", &x.Probe), str("Step", &x.Step), str("Operation", &x.Operation), str("Variant", &x.Variant),
		{"Auth", func() string { return string(x.Auth) }, func(s string) error { x.Auth = Auth(s); return nil }},
		str("Error", &x.Error),
		{
			"Started", func() string { return x.Started.UTC().Format(time.RFC3339Nano) },
			func(s string) (err error) { x.Started, err = time.Parse(time.RFC3339Nano, s); return err },
		},
		span("First-Byte", &x.FirstByte), span("Total", &x.Total),
	}
}

// Parse reads what Format wrote.
func Parse(data []byte) (Exchange, error) {
	x := Exchange{Request: Message{Header: http.Header{}}, Response: Message{Header: http.Header{}}}
	found := map[string]bool{}
	for _, f := range txtar.Parse(data).Files {
		part := strings.TrimSuffix(f.Name, ".base64")
		if found[part] {
			return x, fmt.Errorf("part %s is there twice", part)
		}
		found[part] = true
		var err error
		switch part {
		case "exchange":
			err = x.parseFields(string(f.Data))
		case "request":
			err = x.Request.parseHead(string(f.Data))
		case "response":
			err = x.Response.parseHead(string(f.Data))
		case "request.body":
			x.Request.Body, err = decodeBody(f.Name, f.Data)
		case "response.body":
			x.Response.Body, err = decodeBody(f.Name, f.Data)
		default:
			err = fmt.Errorf("part %q is not known (expected exchange, request, request.body, response or response.body)", f.Name)
		}
		if err != nil {
			return x, err
		}
	}
	for _, part := range []string{"exchange", "request", "response"} {
		if !found[part] {
			return x, fmt.Errorf("part %s is missing", part)
		}
	}
	return x, nil
}

// lines visits "name: value" lines.
func lines(part, data string, visit func(name, value string) error) error {
	for i, line := range strings.Split(strings.TrimSuffix(data, "\n"), "\n") {
		if line == "" {
			continue
		}
		at := strings.Index(line[1:], ":") + 1 // a name may begin with a colon
		if at < 1 {
			return fmt.Errorf("part %s, line %d: %q (expected name: value)", part, i+1, line)
		}
		value, err := many(strings.TrimPrefix(line[at+1:], " "))
		if err == nil {
			err = visit(line[:at], value)
		}
		if err != nil {
			return fmt.Errorf("part %s, line %d: %w", part, i+1, err)
		}
	}
	return nil
}

func (x *Exchange) parseFields(data string) error {
	fields := x.fields()
	return lines("exchange", data, func(name, value string) error {
		if name == "Leak" {
			secret, where, ok := strings.Cut(value, " in ")
			if !ok {
				return fmt.Errorf("%q (expected a kind of secret in a place)", value)
			}
			x.Leaks = append(x.Leaks, Leak{Secret: secret, Where: where})
			return nil
		}
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return fmt.Errorf("%q is no field of an exchange", name)
		}
		return fields[i].set(value)
	})
}

func (m *Message) parseHead(data string) error {
	return lines("head", data, func(name, value string) (err error) {
		switch name {
		case ":method":
			m.Method = value
		case ":url":
			m.URL = value
		case ":proto":
			m.Proto = value
		case ":status":
			m.Status, err = strconv.Atoi(value)
		case ":cut":
			m.Cut, err = strconv.Atoi(value)
		default:
			m.Header[name] = append(m.Header[name], value)
		}
		return err
	})
}
