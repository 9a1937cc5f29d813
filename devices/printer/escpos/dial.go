package escpos

import "leye/devices/internal/serialport"

func dialer(cfg Config) func() (Port, error) {
	return func() (Port, error) {
		port, err := serialport.Open(serialport.Config{Path: cfg.Port, Driver: cfg.Driver, Baud: cfg.Baud})
		if err != nil {
			return nil, err
		}
		return port, nil
	}
}
