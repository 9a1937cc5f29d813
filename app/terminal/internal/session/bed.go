package session

import "leye/devices/idcard"

// bed is where a card lies: a reader and what it told last.
type bed struct {
	there bool
	shows idcard.Progress
	lies  bool // something lies there, as far as is known: a silent reader does not see it go
}

func (b *bed) tell(p idcard.Progress) {
	b.shows = p
	switch p {
	case idcard.Reading, idcard.Retry:
		b.lies = true
	case idcard.Waiting:
		b.lies = false
	}
}

// readersShow is what all readers do together: the one with a card speaks for the
// terminal, and one that waits is enough to serve.
func (s *Session) readersShow() idcard.Progress {
	for _, p := range []idcard.Progress{idcard.Retry, idcard.Reading, idcard.Waiting} {
		for _, b := range s.beds {
			if b.there && b.shows == p {
				return p
			}
		}
	}
	return idcard.Offline
}

// cardLies reports a card on any reader.
func (s *Session) cardLies() bool { return s.beds[0].lies || s.beds[1].lies }
