package verdict

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// MatchGlob reports whether a glob selects a check id. Ids are slash-separated: "*", "?" and "[…]" match inside a
// segment, "**" matches any number of segments, and a glob that ends on a whole segment also selects everything below
// it, so that backup/status selects backup/status/running/host.
func MatchGlob(glob, id string) bool {
	return match(strings.Split(strings.Trim(glob, "/"), "/"), strings.Split(id, "/"))
}

func match(glob, id []string) bool {
	switch {
	case len(glob) == 0:
		return true
	case glob[0] == "**":
		for i := range len(id) + 1 {
			if match(glob[1:], id[i:]) {
				return true
			}
		}
		return false
	case len(id) == 0:
		return false
	}
	ok, err := path.Match(glob[0], id[0])
	return err == nil && ok && match(glob[1:], id[1:])
}

// ValidGlob says what is wrong with a glob; nil where nothing is.
func ValidGlob(glob string) error {
	if strings.Trim(glob, "/") == "" {
		return errors.New("an empty glob selects nothing (expected such as 'analytics/request/**')")
	}
	if _, err := path.Match(glob, ""); err != nil {
		return fmt.Errorf("%q is no glob: a bracket is not closed (expected such as 'analytics/request/**')", glob)
	}
	return nil
}
