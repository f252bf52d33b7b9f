package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/openapi/gl4"
)

func (a *app) specImport() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "import SERVICE.json",
		Short: "Turn a GL4 service definition into an OpenAPI document",
		Long: `Turn a service definition in the form that the family's older services are described in (GL4 JSON, restSchemaVersion
1.0) into OpenAPI 3.1. What is not understood is an error with its place; what OpenAPI cannot say is told on standard
error.`,
		Args: arguments("the definition"),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := readFile("the definition", args[0])
			if err != nil {
				return err
			}
			r, err := gl4.Import(text)
			if err != nil {
				return wrong("the place is a JSON pointer; restSchemaVersion must be 1.0", "%s: %w", args[0], err)
			}
			for _, n := range r.Notes {
				fmt.Fprintf(a.err, "note: %s\n", n)
			}
			return a.deliver("--output", output, r.YAML)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write to, instead of standard output")
	return cmd
}
