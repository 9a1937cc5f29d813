package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestDoctorLooksWhereMemoryMayGo(t *testing.T) {
	const head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
	const closed = "Limit                     Soft Limit           Hard Limit           Units     \nMax core file size        0                    0                    bytes     \n"
	const open = "Max core file size        0                    unlimited            bytes     \n"
	const part = head + "/dev/sda2  partition\t8\t0\t-2\n"
	const page, all = "VmSize:\t 1900000 kB\nVmLck:\t       4 kB\n", "VmSize:\t 1900000 kB\nVmLck:\t 1880000 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no swap":         {map[string]string{"proc/swaps": head}, nil},
		"a partition":     {map[string]string{"proc/swaps": part}, []string{"/dev/sda2"}},
		"a file":          {map[string]string{"proc/swaps": head + "/swap.img  file\t8\t0\t-2\n"}, []string{"/swap.img"}},
		"in memory":       {map[string]string{"proc/swaps": head + "/dev/zram0 partition\t8\t0\t100\n"}, nil},
		"encrypted":       {map[string]string{"proc/swaps": head + "/dev/dm-1  partition\t8\t0\t-2\n", "sys/block/dm-1/dm/uuid": "CRYPT-PLAIN-swap\n"}, nil},
		"mapped only":     {map[string]string{"proc/swaps": head + "/dev/dm-0  partition\t8\t0\t-2\n", "sys/block/dm-0/dm/uuid": "LVM-abc\n"}, []string{"/dev/dm-0"}},
		"kiosk closed":    {map[string]string{"proc/swaps": head, "proc/7/comm": "kiosk\n", "proc/7/limits": closed, "proc/7/status": page}, nil},
		"kiosk locked":    {map[string]string{"proc/swaps": part, "proc/7/comm": "kiosk\n", "proc/7/limits": closed, "proc/7/status": all}, nil},
		"kiosk unlocked":  {map[string]string{"proc/swaps": part, "proc/7/comm": "kiosk\n", "proc/7/limits": closed, "proc/7/status": page}, []string{"/dev/sda2"}},
		"one unlocked":    {map[string]string{"proc/swaps": part, "proc/6/comm": "kiosk\n", "proc/6/limits": closed, "proc/6/status": all, "proc/7/comm": "kiosk\n", "proc/7/limits": closed, "proc/7/status": page}, []string{"/dev/sda2"}},
		"kiosk open":      {map[string]string{"proc/swaps": head, "proc/71/comm": "kiosk\n", "proc/71/limits": open, "proc/71/status": page}, []string{"process 71"}},
		"another program": {map[string]string{"proc/swaps": head, "proc/8/comm": "bash\n", "proc/8/limits": open, "proc/8/status": page}, nil},
		"not known":       {map[string]string{}, []string{"not known"}},
	} {
		system := fstest.MapFS{}
		for path, text := range c.files {
			system[path] = &fstest.MapFile{Data: []byte(text)}
		}
		var d diagnosis
		d.checkMemory(system)
		if want := max(len(c.want), 1); len(d.Findings) != want {
			t.Errorf("%s: %d findings, want %d", name, len(d.Findings), want)
			continue
		}
		for i, part := range c.want {
			if f := d.Findings[i]; f.Status != warn || !strings.Contains(f.What, part) || name != "not known" && f.Next == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if f := d.Findings[0]; len(c.want) == 0 && f.Status != ok {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
