package main

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// checkMemory says whether what residents enter may reach the disk without being
// handed in: as swapped memory, or as a core of the kiosk. system is the root of
// the machine's files.
func (d *diagnosis) checkMemory(system fs.FS) {
	swaps, err := fs.ReadFile(system, "proc/swaps")
	if err != nil {
		d.add(finding{Check: "memory", Status: warn, What: "whether there is swap is not known: " + err.Error()})
		return
	}
	faults := 0
	for _, area := range openSwap(system, string(swaps)) {
		faults++
		d.add(finding{
			Check: "memory", Status: warn, What: "memory is swapped to " + area + ", which is not known to be encrypted: what residents enter may stay on the disk",
			WhatZH: "内存会换出到未加密的磁盘，居民填写的内容可能留在磁盘上",
			Next:   "swapoff " + area + " and take it out of /etc/fstab, or put it on a dm-crypt volume", NextZH: "关闭交换分区，或改用加密的交换分区",
		})
	}
	for _, pid := range leaky(system) {
		faults++
		d.add(finding{
			Check: "memory", Status: warn, What: "kiosk, process " + pid + ", may leave a core with what residents enter",
			WhatZH: "正在运行的终端程序崩溃时可能留下内存映像", Next: "start the kiosk of this version again", NextZH: "重新启动终端程序",
		})
	}
	if faults == 0 {
		d.good("memory", "nothing is swapped to an open disk, and no core of the kiosk would be left")
	}
}

// openSwap names the areas in use (proc_swaps(5)) that are neither in memory nor on
// a volume of dm-crypt.
func openSwap(system fs.FS, swaps string) (open []string) {
	for line := range strings.Lines(swaps) {
		f := strings.Fields(line)
		if len(f) < 2 || !strings.HasPrefix(f[0], "/") {
			continue
		}
		device := path.Base(f[0])
		uuid, err := fs.ReadFile(system, "sys/block/"+device+"/dm/uuid")
		encrypted := err == nil && strings.HasPrefix(string(uuid), "CRYPT-")
		if !encrypted && !strings.HasPrefix(device, "zram") {
			open = append(open, f[0])
		}
	}
	return open
}

// leaky names the running kiosks that were started without their memory closed.
func leaky(system fs.FS) (pids []string) {
	names, err := fs.Glob(system, "proc/[0-9]*/comm")
	if err != nil {
		return nil // only of a wrong pattern
	}
	for _, name := range names {
		comm, err := fs.ReadFile(system, name)
		if err != nil || strings.TrimSpace(string(comm)) != "kiosk" {
			continue
		}
		limits, err := fs.ReadFile(system, path.Dir(name)+"/limits")
		if err == nil && !coreless(string(limits)) {
			pids = append(pids, path.Base(path.Dir(name)))
		}
	}
	return pids
}

func coreless(limits string) bool {
	for line := range strings.Lines(limits) {
		var soft, hard string
		if n, _ := fmt.Sscanf(line, "Max core file size %s %s", &soft, &hard); n == 2 {
			return soft == "0" && hard == "0"
		}
	}
	return false
}
