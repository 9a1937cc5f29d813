package ime

import "log/slog"

// later is an engine that is still being opened.
type later struct {
	opened chan struct{}
	engine Engine // nil when it could not be opened
}

// Later opens an engine beside what the caller goes on with; the first call of a
// method waits for it. When it cannot be opened, which is logged, there is no
// pinyin and every State is empty: a terminal without is better than none. Close
// waits for the opening to end.
func Later(open func() (Engine, error), log *slog.Logger) Engine {
	l := &later{opened: make(chan struct{})}
	go func() {
		defer close(l.opened)
		e, err := open()
		if err != nil {
			log.Error("open pinyin", "err", err)
			return
		}
		l.engine = e
	}()
	return l
}

func (l *later) state(f func(Engine) State) State {
	<-l.opened
	if l.engine == nil {
		return State{}
	}
	return f(l.engine)
}

func (l *later) Feed(key rune) State  { return l.state(func(e Engine) State { return e.Feed(key) }) }
func (l *later) Backspace() State     { return l.state(Engine.Backspace) }
func (l *later) Select(n int) State   { return l.state(func(e Engine) State { return e.Select(n) }) }
func (l *later) Page(delta int) State { return l.state(func(e Engine) State { return e.Page(delta) }) }

func (l *later) Reset() {
	if <-l.opened; l.engine != nil {
		l.engine.Reset()
	}
}

func (l *later) Close() error {
	if <-l.opened; l.engine != nil {
		return l.engine.Close()
	}
	return nil
}
