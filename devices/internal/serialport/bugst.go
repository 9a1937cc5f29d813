package serialport

import "go.bug.st/serial"

// bugst drives go.bug.st/serial.
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

func (b *bugst) setBaud(baud int) error { return b.port.SetMode(bugstMode(baud)) }
func (b *bugst) close() error           { return b.port.Close() }
