package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// client speaks NBD to a drive, as far as the tests need it.
type client struct {
	*testing.T
	net.Conn
}

func (c client) send(parts ...any) {
	c.Helper()
	if err := send(c, parts...); err != nil {
		c.Fatal(err)
	}
}

func (c client) read(into any) {
	c.Helper()
	if err := binary.Read(c, binary.BigEndian, into); err != nil {
		c.Fatal(err)
	}
}

// plugged shakes hands with a drive; an option that it does not know comes first.
func plugged(t *testing.T, d *drive) client {
	t.Helper()
	here, there := net.Pipe()
	c := client{t, here}
	served := make(chan error, 1)
	go func() { served <- d.serve(there) }()
	t.Cleanup(func() {
		here.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	var greeting struct {
		Magic, Option uint64
		Flags         uint16
	}
	c.read(&greeting)
	if greeting.Magic != nbdMagic || greeting.Option != nbdOption || greeting.Flags&nbdFixed == 0 {
		t.Fatalf("greeted with %x", greeting)
	}
	var reply struct {
		Magic              uint64
		Option, Kind, Size uint32
	}
	c.send(uint32(1))
	c.send(uint64(nbdOption), uint32(8), uint32(2), uint16(7))
	if c.read(&reply); reply.Option != 8 || reply.Kind != nbdUnknown || reply.Size != 0 {
		t.Fatalf("answered %x", reply)
	}
	c.send(uint64(nbdOption), uint32(nbdGo), uint32(0))
	var info struct {
		Kind  uint16
		Size  uint64
		Flags uint16
	}
	if c.read(&reply); reply.Kind != nbdInfo || reply.Size != 12 {
		t.Fatalf("answered %x", reply)
	}
	if c.read(&info); info.Size != uint64(len(d.seen)) || info.Flags != nbdHasFlags|nbdCanFlush {
		t.Fatalf("told %x", info)
	}
	if c.read(&reply); reply.Kind != nbdAck {
		t.Fatalf("answered %x", reply)
	}
	return c
}

func (c client) ask(r request, data []byte) {
	c.Helper()
	r.Magic = nbdRequest
	c.send(r, data)
}

// answered reads the answer to a request, with so many bytes.
func (c client) answered(size int) (data []byte, bad uint32) {
	c.Helper()
	var r struct {
		Magic, Bad uint32
		Cookie     uint64
	}
	if c.read(&r); r.Magic != nbdReply || r.Cookie != 5 {
		c.Fatalf("answered %x", r)
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(c, data); err != nil {
		c.Fatal(err)
	}
	return data, r.Bad
}

func (c client) write(at uint64, text string) {
	c.Helper()
	c.ask(request{Type: nbdWrite, Cookie: 5, At: at, Length: uint32(len(text))}, []byte(text))
	if _, bad := c.answered(0); bad != 0 {
		c.Fatalf("write: %d", bad)
	}
}

func (c client) flush() {
	c.Helper()
	c.ask(request{Type: nbdFlush, Cookie: 5}, nil)
	if _, bad := c.answered(0); bad != 0 {
		c.Fatalf("flush: %d", bad)
	}
}

func TestADriveForgetsOnlyWhatWasNotFlushed(t *testing.T) {
	without, with := 0, 0
	for seed := range uint64(40) {
		d := newDrive(make([]byte, 2*sector))
		c := plugged(t, d)
		c.write(0, "sure")
		c.flush()
		c.write(sector, "perhaps")
		c.ask(request{Type: nbdRead, Cookie: 5, At: sector, Length: 7}, nil)
		if got, bad := c.answered(7); bad != 0 || string(got) != "perhaps" {
			t.Fatalf("read %q, %d", got, bad)
		}
		if n := d.cut(rand.New(rand.NewPCG(seed, 0))); n != 1 {
			t.Errorf("%d writes were at stake", n)
		}
		if !bytes.HasPrefix(d.seen, []byte("sure")) {
			t.Fatal("what was flushed is gone")
		}
		if bytes.HasPrefix(d.seen[sector:], []byte("perhaps")) {
			with++
		} else {
			without++
		}
	}
	if with == 0 || without == 0 {
		t.Errorf("what was not flushed was there %d times and not %d times", with, without)
	}
}

func TestTheFlushWithWhichThePowerGoesIsNoneAndHasNoAnswer(t *testing.T) {
	d := newDrive(make([]byte, sector))
	c := plugged(t, d)
	gone := make(chan bool)
	d.goAfter(2, func() { close(gone) })
	d.goAfter(1, func() { t.Error("a second moment is asked for") })
	c.write(0, "never")
	if d.dead() {
		t.Error("the power is gone too early")
	}
	c.ask(request{Type: nbdFlush, Cookie: 5}, nil)
	<-gone
	if !d.dead() || d.disk.sure[0] != 0 {
		t.Error("it was flushed")
	}
	d.cut(rand.New(rand.NewPCG(1, 1)))
	if d.dead() {
		t.Error("the power does not come back")
	}
}

func TestADriveRefusesWhatIsNotOnIt(t *testing.T) {
	for i, r := range []request{
		{Type: nbdRead, At: sector - 1, Length: 2}, {Type: nbdRead, At: 1 << 63, Length: 1},
		{Type: nbdFlush, At: 1 << 40}, {Type: 77},
	} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			c := plugged(t, newDrive(make([]byte, sector)))
			r.Cookie = 5
			c.ask(r, nil)
			if _, bad := c.answered(0); bad != nbdInvalid {
				t.Errorf("got %d", bad)
			}
		})
	}
}

// FuzzDriveServe lets anything come over the line: a drive ends it or answers, and
// keeps its size.
func FuzzDriveServe(f *testing.F) {
	var whole bytes.Buffer
	if err := send(&whole, uint32(1), uint64(nbdOption), uint32(nbdGo), uint32(0),
		request{Magic: nbdRequest, Type: nbdWrite, Length: 2}, uint16(7), request{Magic: nbdRequest, Type: nbdFlush}); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Fuzz(func(t *testing.T, words []byte) {
		d := newDrive(make([]byte, sector))
		_ = d.serve(&deaf{r: bytes.NewReader(words)}) // an error is one way to end
		if len(d.seen) != sector || len(d.disk.sure) != sector {
			t.Errorf("it has %d and %d bytes", len(d.seen), len(d.disk.sure))
		}
	})
}

// deaf is a line on which nobody listens to the answers.
type deaf struct {
	net.Conn
	r io.Reader
}

func (d *deaf) Read(p []byte) (int, error)  { return d.r.Read(p) }
func (d *deaf) Write(p []byte) (int, error) { return len(p), nil }
func (d *deaf) Close() error                { return nil }
