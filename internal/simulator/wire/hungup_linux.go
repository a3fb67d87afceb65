package wire

import (
	"net"

	"golang.org/x/sys/unix"
)

// tcpEstablished is the state of a TCP connection that neither end has closed
// (TCP_ESTABLISHED in the kernel's tcp_states.h).
const tcpEstablished = 1

// peerClosed asks the kernel whether the other end has closed the connection. Reading
// finds out only after everything before the end has been read. A login that follows a
// hang-up within a millisecond would then count as two connections at once.
func peerClosed(tcp *net.TCPConn) bool {
	if tcp == nil {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return true
	}
	closed := true // also if the descriptor is gone
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		closed = err != nil || info.State != tcpEstablished
	})
	return closed
}
