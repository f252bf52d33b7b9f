package main

import "github.com/flowgate-dev/flowgate/openapi"

// readSpecs reads the documents of further services.
func readSpecs(files []string) ([]*openapi.Document, error) {
	var out []*openapi.Document
	for _, file := range files {
		text, err := readFile("--spec", file)
		if err != nil {
			return nil, err
		}
		doc, err := openapi.Parse(text)
		if err != nil {
			return nil, wrong("a document is OpenAPI 3.0 or 3.1 in YAML or JSON; flowgate spec import makes one of a GL4 definition", "--spec %s: %w", file, err)
		}
		out = append(out, doc)
	}
	return out, nil
}
