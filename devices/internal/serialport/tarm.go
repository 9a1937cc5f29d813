package serialport

import (
	"errors"
	"os"
	"sync"

	"github.com/tarm/serial"
)

// tarm drives tarm/serial.
type tarm struct {
	path string

	mu   sync.Mutex // guards port and shut: SetBaud replaces the port
	port *serial.Port
	shut bool
}

func openTarm(path string, baud int) (backend, error) {
	p, err := serial.OpenPort(tarmConfig(path, baud))
	if err != nil {
		return nil, err
	}
	return &tarm{path: path, port: p}, nil
}

func tarmConfig(path string, baud int) *serial.Config {
	return &serial.Config{Name: path, Baud: baud, Size: 8, Parity: serial.ParityNone, StopBits: serial.Stop1}
}

// setBaud opens the line a second time before it closes the first, so that a
// failure leaves the old one usable and a modem never sees DTR fall.
func (t *tarm) setBaud(baud int) error {
	p, err := serial.OpenPort(tarmConfig(t.path, baud))
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut {
		return errors.Join(os.ErrClosed, p.Close())
	}
	old := t.port
	t.port = p
	return old.Close()
}

func (t *tarm) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shut = true
	return t.port.Close()
}
