package server

import (
	"context"
	"errors"
	"net/http"

	"leye/app/api"
	"leye/app/central/internal/ledger"
	"leye/app/proof"
)

// reach is what a heartbeat says of how far the terminal's journal reaches.
type reach struct {
	note  string       // signed head
	lines []proof.Line // that end with it
}

// The longest texts that are taken, in bytes; a note has about 200.
const (
	mostHead  = 1024
	mostEvent = 128
	mostEntry = 128
	mostCode  = 4096
)

func readReach(h api.Heartbeat) (j reach, err error) {
	if j.note = value(h.JournalHead); len(j.note) > mostHead {
		return j, errors.New("body: the journal's head is too long")
	}
	lines := value(h.JournalLines)
	if len(lines) > proof.MostLines {
		return j, errors.New("body: too many lines of the journal")
	}
	for _, l := range lines {
		if len(l.Event) > mostEvent || len(l.Entry) > mostEntry || len(l.Code) > mostCode {
			return j, errors.New("body: a line of the journal is too long")
		}
		j.lines = append(j.lines, proof.Line{At: l.At, Event: l.Event, Entry: l.Entry, Code: l.Code})
	}
	return j, nil
}

// head keeps how far a terminal's journal reaches, as the terminal signed it with
// the key of its certificate, puts on record what does not fit, and puts into the
// answer what is kept now. In the clear nobody signs, and nothing is kept.
func (s *Server) head(r *http.Request, terminal string, j reach, answer *api.HeartbeatAnswer) error {
	if caller(r.Context()) == nil {
		return nil
	}
	news, err := s.keepHead(r.Context(), terminal, j)
	if err != nil {
		return err
	}
	if news != ledger.NoAlarm {
		s.log.Error("a terminal's journal is in doubt", "request", requestID(r.Context()), "terminal", terminal, "alarm", string(news))
	}
	return s.tellHead(r.Context(), terminal, answer)
}

func (s *Server) keepHead(ctx context.Context, terminal string, j reach) (ledger.HeadAlarm, error) {
	if j.note == "" {
		return s.ledger.DoubtHead(ctx, terminal, ledger.HeadMissing, "")
	}
	_, public, err := proof.Holder(caller(ctx))
	if err != nil {
		return ledger.NoAlarm, err
	}
	key, err := proof.HeadKey(terminal, public)
	if err != nil {
		return ledger.NoAlarm, err
	}
	h, err := proof.OpenHead(j.note, key)
	if err != nil {
		return s.ledger.DoubtHead(ctx, terminal, ledger.HeadUnsigned, j.note)
	}
	return s.ledger.Head(ctx, ledger.JournalHead{
		Terminal: terminal, Seq: h.Seq, Hash: h.Hash, Note: j.note, Key: key, Generation: h.Generation,
	}, j.lines)
}

func (s *Server) tellHead(ctx context.Context, terminal string, answer *api.HeartbeatAnswer) error {
	kept, err := s.ledger.JournalHead(ctx, terminal)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if kept.Note != "" {
		answer.JournalKept = &api.JournalKept{Generation: kept.Generation, Seq: kept.Seq}
	}
	if alarm := string(kept.Alarm); alarm != "" {
		answer.JournalAlarm = &alarm
	}
	return nil
}
