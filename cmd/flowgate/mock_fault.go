package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/mockserver/fault"
)

const faultHint = "a fault is such as latency:by=200ms, status:code=503,times=2 or cut:at=100,operation=getImportStats; a file has one on each line"

// readFaults reads --fault: each is a fault, or a file with one on each line, in which # begins a remark.
func readFaults(given []string) ([]fault.Fault, error) {
	var out []fault.Fault
	for _, text := range given {
		name, _, _ := strings.Cut(text, ":")
		if slices.Contains(fault.Names(), name) {
			f, err := fault.Parse(text)
			if err != nil {
				return nil, wrong(faultHint, "--fault: %w", err)
			}
			out = append(out, f)
			continue
		}
		listed, err := faultFile(text)
		if err != nil {
			return nil, err
		}
		out = append(out, listed...)
	}
	return out, nil
}

func faultFile(path string) ([]fault.Fault, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, wrong(faultHint, "--fault %q is neither a fault (%s) nor a file", path, strings.Join(fault.Names(), ", "))
	}
	if err != nil {
		return nil, wrong("", "--fault: %w", err)
	}
	var out []fault.Fault
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		f, err := fault.Parse(line)
		if err != nil {
			return nil, wrong(faultHint, "--fault %s, line %d: %w", path, number, err)
		}
		out = append(out, f)
	}
	return out, nil
}
