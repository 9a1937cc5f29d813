package ime

import (
	"errors"
	"log/slog"
	"testing"
)

func TestLaterWaitsForItsEngine(t *testing.T) {
	start := make(chan struct{})
	e := Later(func() (Engine, error) {
		<-start
		return OpenBuiltIn(Options{})
	}, slog.New(slog.DiscardHandler))
	close(start)
	var st State
	for _, key := range "nihao" {
		st = e.Feed(key)
	}
	if len(st.Candidates) == 0 || st.Candidates[0] != "\u4f60\u597d" {
		t.Errorf("candidates %v", st.Candidates)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestLaterWithoutAnEngineIsEmpty(t *testing.T) {
	e := Later(func() (Engine, error) { return nil, errors.New("no dictionary") }, slog.New(slog.DiscardHandler))
	e.Reset()
	for _, st := range []State{e.Feed('n'), e.Backspace(), e.Select(0), e.Page(1)} {
		if len(st.Candidates) > 0 || st.Preedit != "" || st.Commit != "" {
			t.Errorf("%+v", st)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
