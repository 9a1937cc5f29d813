package server

import (
	"net/http"

	"leye/app/central/internal/ledger"
	"leye/app/proof"
)

// head keeps how far a terminal's journal reaches, as the terminal signed it with
// the key of its certificate, and puts on record what does not fit. In the clear
// nobody signs, and nothing is kept.
func (s *Server) head(r *http.Request, terminal, note string) error {
	cert := caller(r.Context())
	if cert == nil {
		return nil
	}
	news, err := s.keepHead(r, terminal, note)
	if err != nil {
		return err
	}
	if news != ledger.NoAlarm {
		s.log.Error("a terminal's journal is in doubt", "request", requestID(r.Context()), "terminal", terminal, "alarm", string(news))
	}
	return nil
}

func (s *Server) keepHead(r *http.Request, terminal, note string) (ledger.HeadAlarm, error) {
	ctx := r.Context()
	if note == "" {
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
	h, err := proof.OpenHead(note, key)
	if err != nil {
		return s.ledger.DoubtHead(ctx, terminal, ledger.HeadUnsigned, note)
	}
	return s.ledger.Head(ctx, ledger.JournalHead{Terminal: terminal, Seq: h.Seq, Hash: h.Hash, Note: note, Key: key, Generation: h.Generation})
}
