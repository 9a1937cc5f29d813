package main

import (
	"bytes"
	"fmt"
	"os"
)

// initramfs is the first file system of a Linux kernel, an archive in the form
// "newc" of cpio; see Documentation/driver-api/early-userspace/buffer-format.rst
// of the kernel.
type initramfs struct {
	bytes.Buffer
	count int
}

const folderMode, fileMode = 0o040755, 0o100755

func (a *initramfs) add(name string, mode int, content []byte) {
	if name != "TRAILER!!!" {
		a.count++
	}
	head := [13]int{a.count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0}
	a.WriteString("070701")
	for _, field := range head {
		fmt.Fprintf(a, "%08x", field)
	}
	a.WriteString(name + "\x00")
	a.pad()
	a.Write(content)
	a.pad()
}

// pad fills up to the four bytes at which everything in it begins.
func (a *initramfs) pad() { a.Write(make([]byte, -a.Len()&3)) }

func (a *initramfs) folder(name string) { a.add(name, folderMode, nil) }

func (a *initramfs) program(name, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	a.add(name, fileMode, content)
	return nil
}

func (a *initramfs) write(path string) error {
	a.add("TRAILER!!!", 0, nil)
	return os.WriteFile(path, a.Bytes(), 0o644)
}
