package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// build says which program this is, as the Go toolchain stamped it.
type build struct {
	version string // such as v1.2.0, or (devel)
	commit  string // "unknown" where the toolchain did not stamp it
}

func theBuild() build {
	b := build{version: "(devel)", commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.version = cmp.Or(info.Main.Version, b.version)
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	b.commit += changed
	return b
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which flowgate this is",
		Args:  arguments(),
		RunE: func(*cobra.Command, []string) error {
			b := theBuild()
			_, err := fmt.Fprintf(a.out, "flowgate %s\ncommit %s\ncatalogue %s\n%s %s/%s\n",
				b.version, b.commit, catalogue.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if err != nil {
				return broken("", "cannot be written: %w", err)
			}
			return nil
		},
	}
}
