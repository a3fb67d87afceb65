package workers

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDefaultCapacity(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  uint64 // bytes
		slots int
	}{
		{"machine", map[string]string{"proc/meminfo": "MemFree: 1 kB\nMemTotal:  1048576 kB\n"}, gib, 234},
		{"nothing to read", nil, 1<<64 - 1, 1000},
		{"container", map[string]string{
			"proc/meminfo": "MemTotal: 16777216 kB\n", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2147483648\n",
		}, 2 * gib, 490},
		{"unit within a slice that has less", map[string]string{
			"proc/meminfo": "MemTotal: 16777216 kB\n", "proc/self/cgroup": "0::/a.slice/b.service\n",
			"sys/fs/cgroup/a.slice/b.service/memory.max": "4294967296\n", "sys/fs/cgroup/a.slice/memory.max": "536870912\n",
		}, 512 * mib, 106},
		{"no limit", map[string]string{
			"proc/meminfo": "MemTotal: 65536 kB\n", "proc/self/cgroup": "0::/x\n", "sys/fs/cgroup/x/memory.max": "max\n",
		}, 64 * mib, 10},
		{"first version", map[string]string{
			"proc/meminfo": "MemTotal: 16777216 kB\n", "proc/self/cgroup": "5:cpu:/\n4:memory:/docker/1\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
		}, gib, 234},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range tt.files {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			limit := memoryLimit(root)
			if got := capacityFor(limit); limit != tt.want || got != tt.slots {
				t.Errorf("memory %d for %d sessions; want %d for %d", limit, got, tt.want, tt.slots)
			}
		})
	}
}
