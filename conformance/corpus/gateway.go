package corpus

import (
	"encoding/json"
	"encoding/xml"
	"strings"
)

// FlowSourcesPath is the resource of the sibling service whose sources a device may list.
const FlowSourcesPath = "/api/gateway/1.5/flow_sources"

// FlowSources reads the body of flow_sources, JSON or XML: one map for each source, with texts and json.Numbers as values,
// in XML texts only. ok is false where it is neither.
func FlowSources(body []byte) (list []map[string]any, ok bool) {
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") {
		return flowSourcesXML(text)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return list, d.Decode(&list) == nil && list != nil
}

// flowSourcesXML reads each element that has an ipaddr, as attribute or as child.
func flowSourcesXML(text string) (list []map[string]any, ok bool) {
	var root struct {
		Sources []struct {
			Attrs    []xml.Attr `xml:",any,attr"`
			Children []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:",any"`
	}
	if xml.Unmarshal([]byte(text), &root) != nil {
		return nil, false
	}
	for _, s := range root.Sources {
		o := map[string]any{}
		for _, a := range s.Attrs {
			o[a.Name.Local] = a.Value
		}
		for _, c := range s.Children {
			o[c.XMLName.Local] = strings.TrimSpace(c.Text)
		}
		list = append(list, o)
	}
	return list, true
}
