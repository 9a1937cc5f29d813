package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
)

// drive is a guest's disk with a cache that does not outlive the power: what was
// written is read at once, and is sure only when it has been flushed. It speaks
// NBD, QEMU's protocol for disks of others.
type drive struct {
	size uint64

	mu   sync.Mutex
	disk file   // as a cut leaves it
	seen []byte // as the guest reads it

	left int    // writes and flushes until the power goes; 0: it stays, below: it is gone
	gone func() // is told, once
}

func newDrive(image []byte) *drive {
	return &drive{size: uint64(len(image)), disk: file{sure: image}, seen: bytes.Clone(image)}
}

// goAfter lets the power go with the n-th write or flush from now, which is half
// done: what is written is in the cache, nothing is flushed, nobody gets an answer.
// Only the first call counts.
func (d *drive) goAfter(n int, gone func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone == nil {
		d.left, d.gone = n, gone
	}
}

// dead reports whether the power is gone.
func (d *drive) dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left < 0
}

// cut is what comes of it. Of what was not flushed there is then nothing, all or
// any part, some of it torn. It returns how many writes were at stake; then the
// power is back.
func (d *drive) cut(rng *rand.Rand) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.disk.may)
	d.disk.cut(rng)
	d.seen = bytes.Clone(d.disk.sure)
	d.left, d.gone = 0, nil
	return n
}

// What NBD calls its numbers; see doc/proto.md of the NetworkBlockDevice project.
const (
	nbdMagic, nbdOption, nbdOptionReply = 0x4e42444d41474943, 0x49484156454f5054, 0x3e889045565a9
	nbdRequest, nbdReply                = 0x25609513, 0x67446698

	nbdFixed, nbdNoZeroes       = 1, 2            // of the server
	nbdHasFlags, nbdCanFlush    = 1, 1 << 2       // of the disk
	nbdAbort, nbdGo             = 2, 7            // options
	nbdAck, nbdInfo, nbdUnknown = 1, 3, 1<<31 + 1 // answers to them
	nbdRead, nbdWrite           = 0, 1            // requests
	nbdDisconnect, nbdFlush     = 2, 3
	nbdInvalid                  = 22 // EINVAL

	longestOption, longestRequest = 4 << 10, 32 << 20
)

// request is what a client asks of a disk, as it stands on the line.
type request struct {
	Magic       uint32
	Flags, Type uint16
	Cookie, At  uint64
	Length      uint32
}

var errNBD = errors.New("this is not NBD as QEMU speaks it")

// serve answers one client until it goes away.
func (d *drive) serve(c net.Conn) error {
	defer c.Close()
	err := d.agree(c)
	for err == nil {
		err = d.answer(c)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func send(w io.Writer, parts ...any) error {
	var b bytes.Buffer
	for _, p := range parts {
		if err := binary.Write(&b, binary.BigEndian, p); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// agree shakes hands. Of all options only the one that begins is known.
func (d *drive) agree(c io.ReadWriter) error {
	if err := send(c, uint64(nbdMagic), uint64(nbdOption), uint16(nbdFixed|nbdNoZeroes)); err != nil {
		return err
	}
	var flags uint32
	if err := binary.Read(c, binary.BigEndian, &flags); err != nil {
		return err
	}
	for {
		var o struct {
			Magic        uint64
			Kind, Length uint32
		}
		if err := binary.Read(c, binary.BigEndian, &o); err != nil {
			return err
		}
		if o.Magic != nbdOption || o.Length > longestOption {
			return errNBD
		}
		if _, err := io.CopyN(io.Discard, c, int64(o.Length)); err != nil {
			return err
		}
		switch o.Kind {
		case nbdGo:
			return send(c, uint64(nbdOptionReply), o.Kind, uint32(nbdInfo), uint32(12),
				uint16(0), d.size, uint16(nbdHasFlags|nbdCanFlush),
				uint64(nbdOptionReply), o.Kind, uint32(nbdAck), uint32(0))
		case nbdAbort:
			return io.EOF
		}
		if err := send(c, uint64(nbdOptionReply), o.Kind, uint32(nbdUnknown), uint32(0)); err != nil {
			return err
		}
	}
}

// answer reads one request and does it.
func (d *drive) answer(c io.ReadWriter) error {
	var r request
	if err := binary.Read(c, binary.BigEndian, &r); err != nil {
		return err
	}
	if r.Magic != nbdRequest || r.Length > longestRequest {
		return errNBD
	}
	var data []byte
	switch holds := d.holds(r); {
	case r.Type == nbdWrite && holds:
		data = make([]byte, r.Length)
		if _, err := io.ReadFull(c, data); err != nil {
			return err
		}
	case r.Type == nbdWrite:
		if _, err := io.CopyN(io.Discard, c, int64(r.Length)); err != nil {
			return err
		}
	}
	if r.Type == nbdDisconnect {
		return io.EOF
	}
	out, bad, answered := d.do(r, data)
	if !answered {
		_, err := io.Copy(io.Discard, c) // until the guest is gone too
		return errors.Join(io.EOF, err)
	}
	return send(c, uint32(nbdReply), bad, r.Cookie, out)
}

// holds reports whether what is asked for lies on the disk.
func (d *drive) holds(r request) bool { return r.At <= d.size && uint64(r.Length) <= d.size-r.At }

// do does one request; there is no answer when the power goes with it.
func (d *drive) do(r request, data []byte) (out []byte, bad uint32, answered bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.holds(r) {
		return nil, nbdInvalid, true
	}
	if r.Type != nbdRead && d.left > 0 {
		if d.left--; d.left == 0 {
			d.left = -1
			go d.gone()
		}
	}
	switch r.Type {
	case nbdRead:
		return bytes.Clone(d.seen[r.At : r.At+uint64(r.Length)]), 0, true
	case nbdWrite:
		copy(d.seen[r.At:], data)
		d.disk.may = append(d.disk.may, step{what: "write", at: int64(r.At), data: data})
	case nbdFlush:
		if d.left < 0 {
			return nil, 0, false
		}
		for _, w := range d.disk.may {
			d.disk.apply(w)
		}
		d.disk.may = nil
	default:
		return nil, nbdInvalid, true
	}
	return nil, 0, d.left >= 0
}

// plug makes the drive reachable at a socket until the returned function is
// called, which also tells what went wrong on the line.
func (d *drive) plug(ctx context.Context, path string) (unplug func() error, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("plug the drive in: %w", err)
	}
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- nil // unplugged before anybody came
			return
		}
		done <- d.serve(c)
	}()
	return func() error { return errors.Join(l.Close(), <-done) }, nil
}
