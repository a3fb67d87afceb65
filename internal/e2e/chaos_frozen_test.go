package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wakeGrace is how long a host that was frozen may take to hang up once it runs
// again. It finds its lease run out at once; the rest is scheduling.
const wakeGrace = time.Second

// A freeze is a time during which a process stood still, with the local addresses
// of the connections that it held to WhatsApp.
type freeze struct {
	from, to time.Time
	peers    map[string]bool
}

// freezes remembers who stood still when. A frozen host cannot hang up, so its
// successor's login replaces a connection that is open; no other may.
type freezes struct {
	mu  sync.Mutex
	all []*freeze
}

func (f *freezes) begin(from time.Time, peers map[string]bool) *freeze {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := &freeze{from: from, peers: peers}
	f.all = append(f.all, one)
	return one
}

func (f *freezes) end(one *freeze) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.to = time.Now()
}

// covers reports whether the process behind peer stood still at that time.
func (f *freezes) covers(peer string, at time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.all {
		if one.peers[peer] && at.After(one.from) && (one.to.IsZero() || at.Before(one.to.Add(wakeGrace))) {
			return true
		}
	}
	return false
}

// standsStill reports whether every thread of a process has stopped.
func standsStill(pid int) (bool, error) {
	// The first thread is looked at alone at first: that is cheap, and mostly enough.
	still, err := stopped(fmt.Sprintf("/proc/%d/stat", pid))
	if !still || err != nil {
		return false, err
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	for _, name := range threads {
		still, err := stopped(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // a thread that has ended
		}
		if !still || err != nil {
			return false, err
		}
	}
	return true, nil
}

// stopped reads a thread's state.
func stopped(stat string) (bool, error) {
	raw, err := os.ReadFile(stat)
	if err != nil {
		return false, err
	}
	_, state, ok := bytes.Cut(raw, []byte(") "))
	return ok && state[0] == 'T', nil
}

// connections returns the local addresses of a process's connections to addr.
func connections(pid int, addr string) (map[string]bool, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	if err != nil {
		return nil, err
	}
	sockets, err := socketsOf(pid)
	if err != nil {
		return nil, err
	}
	peers := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		const local, remote, inode = 1, 2, 9 // columns; see proc(5)
		f := strings.Fields(line)
		if len(f) <= inode || !sockets[f[inode]] || fromHex(f[remote]) != addr {
			continue
		}
		peers[fromHex(f[local])] = true
	}
	return peers, nil
}

// socketsOf returns the inodes of a process's open sockets.
func socketsOf(pid int) (map[string]bool, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return nil, err
	}
	inodes := map[string]bool{}
	for _, e := range entries {
		link, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, e.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); err == nil && ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes, nil
}

// fromHex turns an IPv4 address of /proc/net/tcp, whose bytes are in the machine's
// order, into host:port.
func fromHex(s string) string {
	host, port, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(host, 16, 32)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil {
		return ""
	}
	ip := net.IPv4(byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return net.JoinHostPort(ip.String(), strconv.FormatUint(p, 10))
}
