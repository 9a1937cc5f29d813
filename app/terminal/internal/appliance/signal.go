package appliance

import (
	"context"
	"sync"
	"time"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/assets"
	"leye/devices/idcard"
	"leye/devices/lamp"
	"leye/devices/lamp/led"
	"leye/devices/speaker"
	"leye/devices/speaker/aplay"
)

// newest is a box for one value: who looks in late finds the last that was put.
type newest[T comparable] struct {
	last T // the putter's
	box  chan T
}

func newNewest[T comparable]() newest[T] { return newest[T]{box: make(chan T, 1)} }

// put never waits. Only one goroutine may put.
func (n *newest[T]) put(v T) {
	if v == n.last {
		return
	}
	n.last = v
	select {
	case <-n.box:
	default:
	}
	n.box <- v
}

// light is the lamp at the card reader: lit while the screen asks for a card, blinking
// while one lies there that somebody has left, dark otherwise and out of service.
type light struct {
	lamp lamp.Lamp
	told func(kiosk.Code, error) // what came of it; nil error: all is well
	news newest[lamp.State]
}

func newLight(l lamp.Lamp, told func(kiosk.Code, error)) *light {
	return &light{lamp: l, told: told, news: newNewest[lamp.State]()}
}

func (l *light) String() string { return "light" }

// show takes a state of the session, from its goroutine.
func (l *light) show(st session.State) {
	switch {
	case st.Reader == idcard.Offline:
		l.news.put(lamp.Off)
	case st.CardLeft:
		l.news.put(lamp.Blinking)
	case st.AsksForCard():
		l.news.put(lamp.On)
	default:
		l.news.put(lamp.Off)
	}
}

// Run lights the lamp until ctx ends. A program that was killed may have left it lit.
func (l *light) Run(ctx context.Context) error {
	l.told(kiosk.CodeLightFailing, l.lamp.Show(lamp.Off))
	for {
		select {
		case s := <-l.news.box:
			l.told(kiosk.CodeLightFailing, l.lamp.Show(s))
		case <-ctx.Done():
			return nil
		}
	}
}

// why somebody is called.
type why int

const (
	nobody why = iota
	cardLeft
	slipLeft
	stillThere // asked before their visit is ended
)

// call is why somebody is called, in the language of their visit.
type call struct {
	why      why
	language string
}

// sound is what is played for a call.
func (c call) sound() speaker.Sound {
	switch c.why {
	case cardLeft:
		return speaker.CardLeft(c.language)
	case slipLeft:
		return speaker.SlipLeft(c.language)
	default:
		return speaker.StillThere(c.language)
	}
}

// How long after a sound the next one follows.
const (
	often  = 6 * time.Second
	seldom = 30 * time.Second
	near   = time.Minute // that a person may still be in the room
)

// pause is how long after a sound the next one follows, when the first was so long ago.
// Whoever left a card is called at once and often while they may still be in the room,
// seldom later, until it is taken. A slip is no document: it falls silent when nobody
// can be near. Whether somebody is still there is asked once.
func (c call) pause(since time.Duration) (pause time.Duration, again bool) {
	switch {
	case c.why == stillThere || c.why == slipLeft && since > near:
		return 0, false
	case since > near:
		return seldom, true
	default:
		return often, true
	}
}

// caller calls whoever left something, or may have gone.
type caller struct {
	speaker speaker.Speaker
	told    func(kiosk.Code, error)
	news    newest[call]
}

func newCaller(s speaker.Speaker, told func(kiosk.Code, error)) *caller {
	return &caller{speaker: s, told: told, news: newNewest[call]()}
}

func (c *caller) String() string { return "caller" }

// show takes a state of the session, from its goroutine.
func (c *caller) show(st session.State) {
	now := nobody
	switch {
	case st.Locked():
		now = cardLeft
	case st.SlipLeft:
		now = slipLeft
	case st.Overlay == session.StillThere:
		now = stillThere
	}
	switch {
	case now == nobody:
		c.news.put(call{})
	case now != c.news.last.why:
		// The language of an idle screen is nobody's: a call goes on as it began.
		c.news.put(call{now, st.Language})
	}
}

// Run plays until ctx ends. Whether anything could be heard is found out first.
func (c *caller) Run(ctx context.Context) error {
	if err := c.speaker.Ready(ctx); ctx.Err() == nil {
		c.told(kiosk.CodeSoundFailing, err)
	}
	stop := func() {}
	defer func() { stop() }()
	for {
		select {
		case now := <-c.news.box:
			stop()
			if stop = func() {}; now.why != nobody {
				stop = c.begin(ctx, now)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// begin calls beside Run, so that a sound ends when it has no reason any more.
func (c *caller) begin(ctx context.Context, now call) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var calling sync.WaitGroup
	calling.Go(func() { c.repeat(ctx, now) })
	return func() {
		cancel()
		calling.Wait()
	}
}

func (c *caller) repeat(ctx context.Context, now call) {
	begun := time.Now()
	for ctx.Err() == nil {
		if err := c.speaker.Play(ctx, now.sound()); ctx.Err() == nil {
			c.told(kiosk.CodeSoundFailing, err)
		}
		pause, again := now.pause(time.Since(begun))
		if !again {
			return
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// openSignals adds lamp and speaker where the configuration names them.
func (b *build) openSignals() error {
	if dir := b.cfg.Light.LED; dir != "" {
		l, err := led.Open(dir)
		if err != nil {
			return err
		}
		b.close = append(b.close, l.Close)
		light := newLight(l, b.pulse.came)
		b.Session.Listen(light.show)
		b.tasks = append(b.tasks, light)
	}
	if cfg := b.cfg.Sound; cfg.Volume > 0 {
		caller := newCaller(newSpeaker(cfg), b.pulse.came)
		b.Session.Listen(caller.show)
		b.tasks = append(b.tasks, caller)
	}
	return nil
}

func newSpeaker(cfg config.Sound) speaker.Speaker {
	return aplay.New(aplay.Config{Device: cfg.Device, Volume: cfg.Volume, Sentences: assets.Voice(), Recordings: cfg.Recordings})
}
