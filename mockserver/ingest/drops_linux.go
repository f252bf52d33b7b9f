package ingest

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// dropped asks the kernel how many datagrams it has thrown away at this socket: the last column of /proc/net/udp, in the
// line with the socket's inode. The answer is exact at once, even when nothing arrives any more.
func (c *Collector) dropped() uint64 {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return 0
	}
	var st syscall.Stat_t
	if raw.Control(func(fd uintptr) { err = syscall.Fstat(int(fd), &st) }) != nil || err != nil {
		return 0
	}
	for _, table := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		if n, found := dropsOf(table, strconv.FormatUint(st.Ino, 10)); found {
			return n
		}
	}
	return 0
}

func dropsOf(table, inode string) (n uint64, found bool) {
	f, err := os.Open(table) //nolint:gosec // one of two fixed names
	if err != nil {
		return 0, false
	}
	defer f.Close() //nolint:errcheck // it was only read
	const inodeColumn, dropsColumn = 9, 12
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if columns := strings.Fields(lines.Text()); len(columns) > dropsColumn && columns[inodeColumn] == inode {
			n, err = strconv.ParseUint(columns[dropsColumn], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
