package samv

import (
	"context"
	"errors"
	"sync"
)

// Found is a module that answers on a port.
type Found struct {
	Port   string
	Baud   int    // bit/s
	Module string // number of the module
}

// Discover asks all the named ports at the same time, at each rate, and returns the
// modules that answer, in the order of the ports. It writes to every port that it is
// given: name none behind which something else may be. Silence costs 2.5 s however
// many ports there are; a port that cannot be opened costs nothing. The error joins
// what the ports without a module said.
func Discover(ctx context.Context, ports []string, driver string) ([]Found, error) {
	readers := make([]*Reader, len(ports))
	var err error
	for i, port := range ports {
		if readers[i], err = Open(Config{Port: port, Driver: driver}); err != nil {
			return nil, err
		}
	}
	return discover(ctx, readers)
}

func discover(ctx context.Context, readers []*Reader) ([]Found, error) {
	found := make([]*Found, len(readers))
	faults := make([]error, len(readers))
	var asking sync.WaitGroup
	for i, r := range readers {
		asking.Go(func() { found[i], faults[i] = r.introduce(ctx) })
	}
	asking.Wait()
	var all []Found
	for _, f := range found {
		if f != nil {
			all = append(all, *f)
		}
	}
	return all, errors.Join(faults...)
}

// introduce asks a module who it is, and closes the port.
func (r *Reader) introduce(ctx context.Context) (*Found, error) {
	module, err := r.Module(ctx)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	return &Found{Port: r.line.String(), Baud: r.baud, Module: module}, nil
}
