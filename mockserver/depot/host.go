package depot

import (
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// hostnames are the names that DNS admits; a trailing dot is left out.
var hostnames = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$`)

// IsHostname reports whether a name is one that DNS admits.
func IsHostname(name string) bool { return len(name) <= 253 && hostnames.MatchString(name) }

// SplitHost takes a host apart as a backup's request gives it: a name or an IP address, and a port where one is said.
// An IPv6 address with a port stands in brackets. The port is 22 where none is said.
func SplitHost(given string) (host, port string, err error) {
	const expected = " (accepted: a host name or an IP address, either with :PORT if need be, or localhost)"
	host, port = given, "22"
	if _, err := netip.ParseAddr(given); err == nil {
		return host, port, nil
	}
	bracketed := strings.HasPrefix(given, "[")
	if h, p, err := net.SplitHostPort(given); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 || strings.HasPrefix(p, "+") {
			return "", "", errors.New("has a port that is none" + expected)
		}
		host, port = h, strconv.FormatUint(n, 10)
	} else if bracketed && strings.HasSuffix(given, "]") {
		host = given[1 : len(given)-1]
	}
	address, err := netip.ParseAddr(host)
	switch {
	case err == nil && (address.Is6() || !bracketed):
		return host, port, nil
	case bracketed || !IsHostname(host):
		return "", "", errors.New("is neither a host name nor an IP address" + expected)
	}
	return host, port, nil
}

// reserved are names and addresses for documentation and tests (RFC 2606, 3849, 5737, 6761), which lead nowhere.
var reserved = struct {
	networks []netip.Prefix
	names    []string
}{
	networks: []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
	},
	names: []string{"invalid", "test", "example", "example.com", "example.net", "example.org"},
}

// leadsNowhere reports whether an address is one to which nothing is ever sent.
func leadsNowhere(a netip.Addr) bool {
	a = a.Unmap()
	if a.IsUnspecified() || a.IsMulticast() {
		return true
	}
	for _, n := range reserved.networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// isReserved reports whether a name can have no address.
func isReserved(name string) bool {
	name = strings.ToLower(name)
	for _, r := range reserved.names {
		if name == r || strings.HasSuffix(name, "."+r) {
			return true
		}
	}
	return false
}

// isLocalName reports whether a name means this machine, whatever a name server says (RFC 6761).
func isLocalName(name string) bool {
	name = strings.ToLower(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
