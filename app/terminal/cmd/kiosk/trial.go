package main

import (
	"context"
	"encoding/json"
	"image"
	"io"
	"time"

	"fyne.io/fyne/v2"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/panel"
	"leye/app/terminal/internal/ui"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
)

// beat is how often a trial looks at the clock.
const beat = 100 * time.Millisecond

// hand brings what a technician does to the trial, on Fyne's goroutine.
type hand struct {
	trial *panel.Trial
	after func()
}

func (h *hand) Press(x, y int)  { h.trial.Press(x, y, time.Now()); h.after() }
func (h *hand) Skip()           { h.trial.Skip(time.Now()); h.after() }
func (h *hand) Back()           { h.trial.Back(time.Now()); h.after() }
func (h *hand) Stop()           { h.trial.Stop(); h.after() }
func (h *hand) Answer(yes bool) { h.trial.Answer(yes, time.Now()); h.after() }

// try has a technician try the screen and writes what came of it to out. It opens
// no device, no store and no line.
func try(ctx context.Context, cfg config.Config, part panel.Part, out io.Writer) error {
	o, err := openWindow()
	if err != nil {
		return err
	}
	h := &hand{trial: panel.New(part, image.Pt(cfg.Display.Width, cfg.Display.Height), time.Now())}
	var screen *ui.Trial
	show := func() { screen.Show(h.trial.View(time.Now())) }
	h.after = show
	screen = ui.NewTrial(ui.TrialConfig{
		Window: o.window, Icons: theme.NewIcons(assets.Icon()), Texts: o.texts, Language: "zh", Trier: h,
		// What was touched on another size does not count; the next beat draws it.
		Resized: func(size image.Point) { h.trial = panel.New(part, size, time.Now()) },
	})
	o.size(cfg.Display)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	o.app.Lifecycle().SetOnStarted(func() {
		go func() {
			defer close(done)
			tick(ctx, h, show)
			fyne.Do(o.app.Driver().Quit)
		}()
	})
	o.window.ShowAndRun()
	cancel()
	<-done
	return json.NewEncoder(out).Encode(h.trial.Result())
}

// farewell is how long the end of a trial stays on the screen.
const farewell = time.Second

// tick lets time pass until the trial is over or ctx ends.
func tick(ctx context.Context, h *hand, show func()) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			fyne.DoAndWait(func() {
				h.trial.Tick(now)
				show()
				over = h.trial.Over()
			})
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(farewell):
	}
}
