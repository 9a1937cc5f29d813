package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"time"

	"leye/scripts/internal/probe"
	"leye/scripts/internal/x11"
)

type measurer struct {
	config
	display *x11.Display
	screen  probe.Socket
}

// What the frame of 1,295 bytes takes on a line of 115,200 baud, ten bits a byte.
const wire = 1295 * 10 * time.Second / 115200

func (m *measurer) all(ctx context.Context) ([]line, error) {
	start, err := m.starts(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure the start: %w", err)
	}
	bareMemory, bareRest, err := m.bareWindow(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure memory: %w", err)
	}
	kiosk, _, err := m.firstFrame(ctx, m.kiosk, "--config", m.settings)
	if err != nil {
		return nil, err
	}
	defer kiosk.stop(m.display) //nolint:errcheck // the figures are taken
	rest, err := kiosk.rest(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure rest: %w", err)
	}
	touches, pages, err := m.touches(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure touches: %w", err)
	}
	memory, err := kiosk.resident()
	if err != nil {
		return nil, err
	}
	card, err := m.cards(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure the card: %w", err)
	}
	if err := kiosk.stop(m.display); err != nil {
		return nil, err
	}
	touches.floor, err = m.barePages(ctx, pages)
	if err != nil {
		return nil, fmt.Errorf("measure bare pages: %w", err)
	}
	return []line{
		start, touches, card,
		{what: "idle screen, of a core / bare window", value: rest, floor: bareRest, unit: "%", limit: 1.5},
		{what: "resident memory at home / bare window", value: memory, floor: bareMemory, unit: "MiB", limit: 1.3},
	}, nil
}

// firstFrame starts a program and waits until the middle of the screen shows it.
func (m *measurer) firstFrame(ctx context.Context, name string, args ...string) (*program, time.Duration, error) {
	before, err := m.display.Raw(centre(m.display))
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	p, err := launch(name, args...)
	if err != nil {
		return nil, 0, err
	}
	if err := change(ctx, m.display, centre(m.display), before); err != nil {
		return nil, 0, fmt.Errorf("wait for the first frame of %s: %w", name, err)
	}
	return p, time.Since(began), nil
}

// starts measures turn by turn, so that both meet the same machine.
func (m *measurer) starts(ctx context.Context) (line, error) {
	var kiosk, bare []time.Duration
	for range m.rounds {
		for _, s := range []struct {
			to   *[]time.Duration
			name string
			args []string
		}{{&bare, m.bare, nil}, {&kiosk, m.kiosk, []string{"--config", m.settings}}} {
			p, took, err := m.firstFrame(ctx, s.name, s.args...)
			if err != nil {
				return line{}, err
			}
			if err := p.stop(m.display); err != nil {
				return line{}, err
			}
			*s.to = append(*s.to, took)
		}
	}
	value, err := median(kiosk)
	if err != nil {
		return line{}, err
	}
	floor, err := median(bare)
	return line{what: "start to first frame / bare window", value: value, floor: floor, unit: "ms", limit: 2}, err
}

// bareWindow is its memory and what it takes of a processor at rest.
func (m *measurer) bareWindow(ctx context.Context) (memory, rest float64, err error) {
	p, _, err := m.firstFrame(ctx, m.bare)
	if err != nil {
		return 0, 0, err
	}
	if rest, err = p.rest(ctx); err != nil {
		return 0, 0, err
	}
	if memory, err = p.resident(); err != nil {
		return 0, 0, err
	}
	return memory, rest, p.stop(m.display)
}

// wait looks until a control can be touched and the screen is at rest.
func (m *measurer) wait(ctx context.Context, id string) (probe.View, probe.Control, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	last := -1
	for {
		view, err := m.screen.Look(ctx)
		c, ok := view.Control(id)
		if err == nil && ok && c.Enabled && !view.Busy && view.Serial == last {
			return view, c, nil
		}
		last = view.Serial
		select {
		case <-ctx.Done():
			return view, c, fmt.Errorf("wait for control %s on screen %s: %w", id, view.Screen, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// touch presses at a place and measures from the release to the first pixel that
// changes in a part of the screen where the finger is not.
func (m *measurer) touch(ctx context.Context, at image.Point, part image.Rectangle) (time.Duration, error) {
	if err := m.display.Press(at.X, at.Y); err != nil {
		return 0, err
	}
	time.Sleep(200 * time.Millisecond) // a slow finger: the press has been drawn by then
	before, err := m.display.Raw(part)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := m.display.Release(at.X, at.Y); err != nil {
		return 0, err
	}
	err = change(ctx, m.display, part, before)
	return time.Since(began), err
}

// above is a narrow part of the screen from its top down to a control: narrow,
// so that reading it takes no time worth measuring.
func (m *measurer) above(c probe.Control) image.Rectangle {
	x := m.display.Bounds().Dx() / 8
	return image.Rect(x, 0, x+16, max(40, int(c.Y)-10))
}

func middle(c probe.Control) image.Point {
	return image.Pt(int(c.X+c.W/2), int(c.Y+c.H/2))
}

// touches goes from home to a life event and back, and returns both pages as they
// look, home first.
func (m *measurer) touches(ctx context.Context) (line, []probe.View, error) {
	if err := m.tap(ctx, "start"); err != nil {
		return line{}, nil, err
	}
	pages := make([]probe.View, 2)
	var times []time.Duration
	for range 2 * m.rounds {
		for n, id := range []string{"event:flexible", "back"} {
			view, c, err := m.wait(ctx, id)
			if err != nil {
				return line{}, nil, err
			}
			pages[n] = view
			took, err := m.touch(ctx, middle(c), m.above(c))
			if err != nil {
				return line{}, nil, err
			}
			times = append(times, took)
		}
	}
	value, err := median(times)
	return line{what: "touch to changed page / bare pages of the same objects", value: value, unit: "ms", limit: 1.3}, pages, err
}

func (m *measurer) tap(ctx context.Context, id string) error {
	_, c, err := m.wait(ctx, id)
	if err != nil {
		return err
	}
	at := middle(c)
	return m.display.Tap(at.X, at.Y)
}

// barePages measures the same touches on pages that paint the same boxes, words
// and pictures, with nothing behind them.
func (m *measurer) barePages(ctx context.Context, pages []probe.View) (float64, error) {
	var args []string
	for n, page := range pages {
		file := filepath.Join(m.dir, fmt.Sprintf("page-%d.json", n))
		if err := os.WriteFile(file, page.Marks, 0o600); err != nil {
			return 0, err
		}
		args = append(args, "--page", file)
	}
	p, _, err := m.firstFrame(ctx, m.bare, args...)
	if err != nil {
		return 0, err
	}
	defer p.stop(m.display) //nolint:errcheck // the figures are taken
	time.Sleep(time.Second) // its first frames; it has no probe to say when they are done
	var times []time.Duration
	b := m.display.Bounds()
	for range 4 * m.rounds {
		took, err := m.touch(ctx, image.Pt(b.Dx()/2, b.Dy()*3/4), image.Rect(b.Dx()/8, 0, b.Dx()/8+16, b.Dy()/2))
		if err != nil {
			return 0, err
		}
		times = append(times, took)
		time.Sleep(150 * time.Millisecond)
	}
	return median(times)
}

// cards lays the card and waits until the button to confirm the name is drawn,
// which stands where the screen was empty.
func (m *measurer) cards(ctx context.Context) (line, error) {
	var times []time.Duration
	var button probe.Control
	for round := range m.rounds + 1 {
		for _, id := range []string{"event:flexible", "service:flexible-employment-registration", "begin"} {
			if err := m.tap(ctx, id); err != nil {
				return line{}, err
			}
		}
		if err := m.identify(ctx); err != nil {
			return line{}, err
		}
		part := image.Rect(int(button.X+button.W/2)-60, int(button.Y)+8, int(button.X+button.W/2)+60, int(button.Y)+24)
		before, err := m.display.Raw(image.Rect(0, 0, 1, 1))
		if round > 0 {
			before, err = m.display.Raw(part)
		}
		if err != nil {
			return line{}, err
		}
		began := time.Now()
		if err := m.devices.LayCard(ctx, m.card); err != nil {
			return line{}, err
		}
		if round > 0 {
			if err := change(ctx, m.display, part, before); err != nil {
				return line{}, err
			}
			times = append(times, time.Since(began))
		}
		if _, button, err = m.wait(ctx, "confirm"); err != nil {
			return line{}, err
		}
		if err := m.again(ctx); err != nil {
			return line{}, err
		}
	}
	value, err := median(times)
	own := value - float64((wire+m.module).Microseconds())/1000
	return line{what: "card laid to name shown, above line and module", value: own, unit: "ms", limit: 300}, err
}

// identify waits for the screen that asks for the card to be at rest.
func (m *measurer) identify(ctx context.Context) error {
	view, _, err := m.wait(ctx, "back")
	for err == nil && view.Screen != "identify" {
		view, _, err = m.wait(ctx, "back")
	}
	return err
}

// again takes the card, ends the visit and begins the next.
func (m *measurer) again(ctx context.Context) error {
	if err := m.devices.TakeCard(ctx); err != nil {
		return err
	}
	if err := m.tap(ctx, "not-me"); err != nil {
		return err
	}
	view, err := m.screen.Look(ctx)
	for err == nil && view.Screen != "idle" && view.Screen != "end" {
		view, err = m.screen.Look(ctx)
	}
	if err != nil {
		return err
	}
	id := "start"
	if view.Screen == "end" {
		id = "again"
	}
	err = m.tap(ctx, id)
	return err
}
