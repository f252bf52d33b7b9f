//go:build !linux

package ingest

import "net"

// enlarge asks for a receive buffer. A smaller one than asked for loses datagrams sooner.
func enlarge(conn *net.UDPConn, bytes int) { _ = conn.SetReadBuffer(bytes) }
