package schema

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/getkin/kin-openapi/openapi3"
)

// maxSample bounds how deep a made-up value goes into what a schema may leave out.
const maxSample = 6

// Fake is the source of chance for what is made up under a name. The same seed and name give the same values.
func Fake(seed uint64, name string) *gofakeit.Faker {
	key := fnv.New64a()
	_, _ = key.Write([]byte(name)) // a hash takes everything
	return gofakeit.NewFaker(rand.NewPCG(seed, key.Sum64()), false)
}

// Given reports that the schema itself has a value that will do: an example, a default or an enumeration.
func (s *Schema) Given() bool {
	return s.node.Example != nil || s.node.Default != nil || len(s.node.Enum) > 0
}

// Sample makes up a value: the schema's own example, default or enumeration first, then what type, format and name
// suggest. The same source of chance gives the same value. ok is false where what came out does not fit the schema (a
// pattern, a schema that cannot end).
func (s *Schema) Sample(fake *gofakeit.Faker) (value any, ok bool) {
	value = sample(s.node, "", fake, 0)
	return value, s.Fits(value)
}

func sample(n *openapi3.Schema, name string, fake *gofakeit.Faker, depth int) any {
	switch {
	case n.Example != nil:
		return n.Example
	case n.Default != nil:
		return n.Default
	case len(n.Enum) > 0:
		return n.Enum[0]
	case depth > 2*maxSample:
		return nil
	}
	for _, branch := range slices.Concat(n.OneOf, n.AnyOf) {
		return sample(branch.Value, name, fake, depth+1)
	}
	kinds := types(n)
	switch {
	case len(n.Properties) > 0 || len(n.AllOf) > 0 || slices.Contains(kinds, "object"):
		return sampleObject(n, fake, depth)
	case slices.Contains(kinds, "array"):
		return sampleArray(n, name, fake, depth)
	case slices.Contains(kinds, "boolean"):
		return true
	case slices.Contains(kinds, "integer"), slices.Contains(kinds, "number"):
		return sampleNumber(n, fake)
	}
	return sampleText(n, name, fake)
}

func sampleObject(n *openapi3.Schema, fake *gofakeit.Faker, depth int) any {
	out := map[string]any{}
	for _, part := range n.AllOf {
		merged, _ := sample(part.Value, "", fake, depth+1).(map[string]any)
		for name, value := range merged {
			out[name] = value
		}
	}
	for _, p := range newSchema(n, "").Properties() {
		if p.Required || depth < maxSample {
			out[p.Name] = sample(p.Schema.node, p.Name, fake, depth+1)
		}
	}
	return out
}

func sampleArray(n *openapi3.Schema, name string, fake *gofakeit.Faker, depth int) any {
	size := n.MinItems
	if size == 0 && depth < maxSample && (n.MaxItems == nil || *n.MaxItems > 0) {
		size = 1
	}
	out := []any{}
	for range min(size, 100) {
		if n.Items == nil {
			return out
		}
		out = append(out, sample(n.Items.Value, name, fake, depth+1))
	}
	return out
}

func sampleNumber(n *openapi3.Schema, fake *gofakeit.Faker) any {
	low, high := 0.0, 1000.0
	if n.Min != nil {
		low, high = math.Ceil(*n.Min)+1, math.Ceil(*n.Min)+1000
	}
	if n.Max != nil {
		high = min(high, math.Floor(*n.Max))
		low = min(low, high)
	}
	return low + math.Floor(fake.Float64()*(high-low))
}

func sampleText(n *openapi3.Schema, name string, fake *gofakeit.Faker) any {
	formats := map[string]string{
		"ipv4": "192.0.2.7", "ipv6": "2001:db8::7", "date": "2026-01-02", "date-time": "2026-01-02T03:04:05Z",
		"uuid": "6f1c1c2e-7d3b-4c59-9a55-1f7f2c9d0a01", "uri": "https://appliance.example/", "email": "operator@example.com",
	}
	text := formats[n.Format]
	switch {
	case text != "":
		return text
	case name == "name" || name == "device_name" || name == "hostname":
		text = fake.Username()
	default:
		text = fake.Word()
	}
	for uint64(len(text)) < n.MinLength && len(text) < maxText {
		text += "x"
	}
	if n.MaxLength != nil && uint64(len(text)) > *n.MaxLength {
		text = text[:*n.MaxLength]
	}
	return text
}

// maxText bounds a made-up text.
const maxText = 4096
