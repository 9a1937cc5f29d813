package serialport

import (
	"errors"
	"time"

	"go.bug.st/serial"
)

// bugst drives go.bug.st/serial: a time-out is (0, nil), a hang-up is the error
// PortClosed although nobody closed the port.
type bugst struct {
	port serial.Port
}

func openBugst(path string, baud int) (backend, error) {
	// InitialStatusBits stays nil: DTR and RTS are unknown to pseudo terminals
	// and to some adapters, and asking for them makes Open fail.
	p, err := serial.Open(path, bugstMode(baud))
	if err != nil {
		return nil, err
	}
	return &bugst{port: p}, nil
}

func bugstMode(baud int) *serial.Mode {
	return &serial.Mode{BaudRate: baud, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit}
}

func (b *bugst) read(p []byte, d time.Duration) (int, error) {
	if err := b.port.SetReadTimeout(d); err != nil {
		return 0, err
	}
	n, err := b.port.Read(p)
	return n, bugstError(err)
}

func (b *bugst) write(p []byte) (int, error) {
	n, err := b.port.Write(p)
	return n, bugstError(err)
}

func (b *bugst) discard() error         { return bugstError(b.port.ResetInputBuffer()) }
func (b *bugst) setBaud(baud int) error { return bugstError(b.port.SetMode(bugstMode(baud))) }
func (b *bugst) close() error           { return b.port.Close() }

func bugstError(err error) error {
	var pe *serial.PortError
	if errors.As(err, &pe) && pe.Code() == serial.PortClosed {
		return errHangup
	}
	return err
}
