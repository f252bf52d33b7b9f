package fools

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// object is a JSON object that keeps the order of its keys and the spelling of its numbers.
type object struct {
	keys   []string
	values map[string]any
}

// newObject takes keys and values in turn.
func newObject(pairs ...any) *object {
	o := &object{values: map[string]any{}}
	for i := 0; i < len(pairs); i += 2 {
		o.set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// get is the value of a key; it is nil where the key is absent or where there is no object at all.
func (o *object) get(key string) any {
	if o == nil {
		return nil
	}
	return o.values[key]
}

func (o *object) has(key string) bool {
	if o == nil {
		return false
	}
	_, ok := o.values[key]
	return ok
}

// set replaces a value in its place, or appends a new key.
func (o *object) set(key string, value any) {
	if !o.has(key) {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) drop(key string) {
	delete(o.values, key)
	for i, k := range o.keys {
		if k == key {
			o.keys = append(o.keys[:i:i], o.keys[i+1:]...)
			return
		}
	}
}

// rename gives a key another name in the same place; an absent key stays absent.
func (o *object) rename(from, to string) {
	for i, k := range o.keys {
		if k == from {
			o.keys[i] = to
			o.values[to] = o.values[from]
			delete(o.values, from)
		}
	}
}

// clone copies the object; values that are objects themselves are shared.
func (o *object) clone() *object {
	out := newObject()
	for _, k := range o.keys {
		out.set(k, o.values[k])
	}
	return out
}

// text is a value that is a string; ok is false for anything else.
func (o *object) text(key string) (s string, ok bool) {
	s, ok = o.get(key).(string)
	return s, ok
}

// child is a value that is an object, nil where it is not.
func (o *object) child(key string) *object {
	c, _ := o.get(key).(*object)
	return c
}

// count is a whole number, written as a number or in a string; ok is false for anything else.
func (o *object) count(key string) (n int64, ok bool) {
	var text string
	switch v := o.get(key).(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// number writes a whole number.
func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// MarshalJSON writes the keys in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(encode(k))
		out.WriteByte(':')
		out.Write(encode(o.values[k]))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// encode writes what decode returns; it panics on anything else, which is a mistake in a fool.
func encode(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("fools: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// decode reads one JSON value: *object, []any, json.Number, string, bool or nil.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := value(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return v, nil
}

func value(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := newObject()
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			o.set(key.(string), v)
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

// walk visits every object below a value, the value itself included.
func walk(v any, visit func(*object)) {
	switch v := v.(type) {
	case *object:
		visit(v)
		for _, k := range v.keys {
			walk(v.values[k], visit)
		}
	case []any:
		for _, x := range v {
			walk(x, visit)
		}
	}
}

// digits reports a text of digits and nothing else.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
