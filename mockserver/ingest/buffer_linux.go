package ingest

import (
	"net"

	"golang.org/x/sys/unix"
)

// enlarge asks for a receive buffer. A process that may gets more than net.core.rmem_max.
func enlarge(conn *net.UDPConn, bytes int) {
	raw, err := conn.SyscallConn()
	if err == nil {
		forced := false
		err = raw.Control(func(fd uintptr) {
			forced = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes) == nil //nolint:gosec // a file descriptor
		})
		if err == nil && forced {
			return
		}
	}
	// A smaller buffer than asked for loses datagrams sooner, and the counters tell of each.
	_ = conn.SetReadBuffer(bytes)
}
