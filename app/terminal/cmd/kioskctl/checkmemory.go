package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
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
	faults, running := 0, kiosks(system)
	unlocked := len(running) == 0 || slices.ContainsFunc(running, func(k process) bool { return !k.locked })
	for _, area := range openSwap(system, string(swaps)) {
		if !unlocked {
			break
		}
		faults++
		d.add(finding{
			Check: "memory", Status: warn, What: "memory is swapped to " + area + ", which is not known to be encrypted, and no running kiosk keeps its own from it: what residents enter may stay on the disk",
			WhatZH: "内存会换出到未加密的磁盘，居民填写的内容可能留在磁盘上",
			Next:   "start the kiosk as a user that may lock memory (LimitMEMLOCK=infinity in its unit), or swapoff " + area + " and take it out of /etc/fstab",
			NextZH: "允许终端程序锁定内存（LimitMEMLOCK=infinity），或关闭交换分区",
		})
	}
	for _, k := range running {
		if k.coreless {
			continue
		}
		faults++
		d.add(finding{
			Check: "memory", Status: warn, What: "kiosk, process " + k.pid + ", may leave a core with what residents enter",
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

// process is a running kiosk.
type process struct {
	pid              string
	coreless, locked bool
}

func kiosks(system fs.FS) (running []process) {
	names, err := fs.Glob(system, "proc/[0-9]*/comm")
	if err != nil {
		return nil // only of a wrong pattern
	}
	for _, name := range names {
		comm, err := fs.ReadFile(system, name)
		if err != nil || strings.TrimSpace(string(comm)) != "kiosk" {
			continue
		}
		dir := path.Dir(name)
		limits, err := fs.ReadFile(system, dir+"/limits")
		status, e := fs.ReadFile(system, dir+"/status")
		if errors.Join(err, e) == nil { // else it has ended since
			running = append(running, process{path.Base(dir), coreless(string(limits)), locked(string(status))})
		}
	}
	return running
}

// locked reports whether a process locks all that it has, and not single pages
// (proc_pid_status(5)): what belongs to devices is never counted.
func locked(status string) bool {
	var size, lock int
	for line := range strings.Lines(status) {
		_, _ = fmt.Sscanf(line, "VmSize: %d kB", &size) // other lines do not fit
		_, _ = fmt.Sscanf(line, "VmLck: %d kB", &lock)
	}
	return size > 0 && 2*lock > size
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
