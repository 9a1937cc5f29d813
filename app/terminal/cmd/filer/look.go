package main

import (
	"context"
	"errors"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/quarantine"
	"leye/app/terminal/internal/store"
)

// seen is what a terminal finds when it starts.
type seen struct {
	Fault   string  `json:"fault,omitempty"` // why the store does not open, in one word
	Journal string  `json:"journal,omitempty"`
	Lines   int64   `json:"lines"`
	Opened  int64   `json:"opened"` // microseconds until it was open
	Aside   int     `json:"aside"`  // damaged stores that were set aside
	Lost    int     `json:"lost"`   // applications that were not salvaged of them
	Why     string  `json:"why,omitempty"`
	Entries []entry `json:"entries"`
}

type entry struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	Digest    string `json:"digest"`
	Number    string `json:"number,omitempty"`
	Whole     bool   `json:"whole"` // its body fits its digest, or has gone with the central's word
}

func look(ctx context.Context, dir string) (s seen) {
	began := time.Now()
	t, err := open(ctx, dir, "PT01", "")
	if err != nil {
		return seen{Fault: kind(err)}
	}
	s.Opened = time.Since(began).Microseconds()
	err = s.read(ctx, t)
	if errors.Is(err, store.ErrDamaged) { // another file has taken its place
		s.Entries = nil
		err = s.read(ctx, t)
	}
	if err != nil {
		s.Fault = kind(err)
	}
	list, err := quarantine.List(dir)
	if err != nil {
		s.Fault = kind(err)
	}
	for _, f := range list {
		s.Aside, s.Lost, s.Why = s.Aside+1, s.Lost+f.Lost(), f.Cause
	}
	if err := t.close(); err != nil && s.Fault == "" {
		s.Fault = kind(err)
	}
	return s
}

func (s *seen) read(ctx context.Context, t *terminal) error {
	head, err := t.journal.Verify(ctx, journal.Head{})
	var broken *journal.Broken
	if errors.As(err, &broken) {
		s.Journal = broken.Error()
	} else if err != nil {
		return err
	}
	s.Lines = head.Seq
	list, err := t.queue.List(ctx, outbox.Filter{})
	if err != nil {
		return err
	}
	for _, e := range list {
		out := entry{ID: string(e.ID), Reference: string(e.Reference), State: string(e.State), Digest: e.Digest}
		if e.Ack != nil {
			out.Number = e.Ack.Number
		}
		if out.Whole, err = t.whole(ctx, e); err != nil {
			return err
		}
		s.Entries = append(s.Entries, out)
	}
	return nil
}

// whole reports whether the sealed body fits its digest, or is where it should be
// when nobody but the terminal could open it.
func (t *terminal) whole(ctx context.Context, e outbox.Entry) (bool, error) {
	switch {
	case e.State == kiosk.Accepted:
		return e.Ack != nil, nil
	case e.CentralKey == "":
		return e.Readable, nil
	}
	sealed, err := t.queue.Envelope(ctx, e.ID)
	return err == nil && envelope.Digest(sealed.Body) == e.Digest, err
}
