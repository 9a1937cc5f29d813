package session

import "context"

type (
	// OpenNotice shows what is told of personal data, over the screen of now.
	OpenNotice struct{}
	// PrintNotice puts it on paper too.
	PrintNotice struct{}
)

func (OpenNotice) apply(s *Session) {
	switch s.state.Stage {
	case Idle, Submitting, Ended:
	default:
		s.set(func(st *State) { st.Notice, st.Overlay = true, NoOverlay })
	}
}

func (PrintNotice) apply(s *Session) {
	if !s.state.Notice || s.state.Printing() {
		return
	}
	language, read := s.state.Language, s.state.Read()
	s.set(func(st *State) { st.NoticePrint = Printing })
	s.start(func(ctx context.Context) func() {
		proof, err := s.cfg.Slips.PrintNotice(ctx, language, read)
		return func() {
			if err != nil {
				s.cfg.Log.Warn("print privacy notice", "proof", proof.String(), "err", err)
			}
			s.touch()
			s.set(func(st *State) { st.NoticePrint = printState(proof, err) })
		}
	})
}

// Printing reports whether the printer works for this visit.
func (st State) Printing() bool { return st.Print == Printing || st.NoticePrint == Printing }
