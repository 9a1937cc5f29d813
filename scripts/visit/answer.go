package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"leye/scripts/internal/probe"
)

// answer gives one field's answer by what the screen offers for it.
func (p *Player) answer(ctx context.Context, view probe.View, field string) error {
	a := p.Visit.Answers[field]
	if len(view.WithPrefix("choice:"+field+":")) > 0 {
		return p.choose(ctx, field, a)
	}
	if day, err := time.Parse(time.DateOnly, fmt.Sprint(a.Value)); err == nil {
		return p.date(ctx, "field:"+field, day)
	}
	return p.write(ctx, "field:"+field, a)
}

func (p *Player) choose(ctx context.Context, field string, a Answer) error {
	for _, code := range a.codes() {
		if err := p.press(ctx, "choice:"+field+":"+code); err != nil {
			return err
		}
	}
	return nil
}

// date opens the calendar, turns to the month and touches the day.
func (p *Player) date(ctx context.Context, field string, day time.Time) error {
	if err := p.press(ctx, field); err != nil {
		return err
	}
	for range 24 {
		shown, err := p.month(ctx)
		if err != nil {
			return err
		}
		switch months := (day.Year()-shown.Year())*12 + int(day.Month()-shown.Month()); {
		case months == 0:
			return p.press(ctx, fmt.Sprintf("day:%d", day.Day()))
		case day.Year() != shown.Year():
			err = errors.Join(p.press(ctx, "year:open"), p.press(ctx, fmt.Sprintf("year:%d", day.Year())))
		case months < 0:
			err = p.press(ctx, "month:prev")
		default:
			err = p.press(ctx, "month:next")
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("the calendar does not come to %s", day.Format("2006-01"))
}

// month is the month that the open calendar shows, by the first of its days.
func (p *Player) month(ctx context.Context) (time.Time, error) {
	view, err := p.until(ctx, "the calendar", func(v probe.View) bool { return len(v.WithPrefix("day:")) > 0 })
	if err != nil {
		return time.Time{}, err
	}
	first, err := time.Parse(time.DateOnly, view.WithPrefix("day:")[0].Label)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the calendar: %w", err)
	}
	return first, nil
}

// write opens a text field, types on the screen's keyboard and closes it.
func (p *Player) write(ctx context.Context, field string, a Answer) error {
	if err := p.press(ctx, field); err != nil {
		return err
	}
	_, err := p.until(ctx, "the keyboard", func(v probe.View) bool { return len(v.WithPrefix("key:")) > 0 })
	if err != nil {
		return err
	}
	for _, chunk := range a.chunks() {
		pinyin, text := splitChunk(chunk)
		if pinyin == "" {
			err = p.keys(ctx, text)
		} else {
			err = p.compose(ctx, pinyin, text)
		}
		if err != nil {
			return fmt.Errorf("type %q: %w", chunk, err)
		}
	}
	if err := p.tapIfThere(ctx, "key:done"); err != nil {
		return err
	}
	return p.stands(ctx, field, fmt.Sprint(a.Value))
}

// stands reads back what was typed, as a careful person does.
func (p *Player) stands(ctx context.Context, field, text string) error {
	view, err := p.settled(ctx)
	if err != nil {
		return err
	}
	if c, ok := view.Control(field); ok && c.Label != text {
		return fmt.Errorf("it shows %q instead of %q", c.Label, text)
	}
	return nil
}

func (p *Player) tapIfThere(ctx context.Context, id string) error {
	view, err := p.settled(ctx)
	if err != nil {
		return err
	}
	if _, ok := view.Control(id); !ok {
		return nil
	}
	return p.press(ctx, id)
}

// keys touches one key for each character.
func (p *Player) keys(ctx context.Context, text string) error {
	for _, r := range text {
		id := "key:" + string(r)
		if r == ' ' {
			id = "key:space"
		}
		if err := p.layer(ctx, id); err != nil {
			return err
		}
		if err := p.press(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// layer switches the keyboard until it shows the key.
func (p *Player) layer(ctx context.Context, id string) error {
	for _, way := range []string{"key:mode", "key:marks", "key:mode"} {
		view, err := p.settled(ctx)
		if err != nil {
			return err
		}
		if _, ok := view.Control(id); ok {
			return nil
		}
		if _, ok := view.Control(way); !ok {
			continue
		}
		if err := p.press(ctx, way); err != nil {
			return err
		}
	}
	view, err := p.settled(ctx)
	if err != nil {
		return err
	}
	if _, ok := view.Control(id); !ok {
		return errors.New("the keyboard has no " + id)
	}
	return nil
}

// compose types pinyin and takes candidates until the text stands there.
func (p *Player) compose(ctx context.Context, pinyin, text string) error {
	if err := p.composing(ctx); err != nil {
		return err
	}
	if err := p.keys(ctx, pinyin); err != nil {
		return err
	}
	for pages := 0; text != ""; {
		view, err := p.until(ctx, "candidates", func(v probe.View) bool { return len(v.WithPrefix("cand:")) > 0 })
		if err != nil {
			return err
		}
		if err := p.once("keyboard"); err != nil {
			return err
		}
		best, ok := bestCandidate(view, text)
		if !ok {
			if pages++; pages > 20 {
				return fmt.Errorf("no candidate begins %q", text)
			}
			if err := p.press(ctx, "cand:next"); err != nil {
				return fmt.Errorf("no candidate begins %q: %w", text, err)
			}
			continue
		}
		if err := p.press(ctx, best.ID); err != nil {
			return err
		}
		text = strings.TrimPrefix(text, best.Label)
	}
	return nil
}

// composing switches the keyboard to pinyin: its strip shows only there, which
// the label of the switch cannot tell in every language.
func (p *Player) composing(ctx context.Context) error {
	for range 3 {
		if err := p.layer(ctx, "key:a"); err != nil {
			return err
		}
		if err := p.press(ctx, "key:a"); err != nil {
			return err
		}
		view, err := p.settled(ctx)
		if err != nil {
			return err
		}
		if err := p.press(ctx, "key:backspace"); err != nil {
			return err
		}
		if len(view.WithPrefix("cand:")) > 0 {
			return nil
		}
		if err := p.press(ctx, "key:mode"); err != nil {
			return err
		}
	}
	return errors.New("the keyboard does not switch to pinyin")
}

// bestCandidate is the longest candidate that the text begins with.
func bestCandidate(view probe.View, text string) (probe.Control, bool) {
	found := slices.DeleteFunc(view.WithPrefix("cand:"), func(c probe.Control) bool {
		return c.Label == "" || !strings.HasPrefix(text, c.Label)
	})
	if len(found) == 0 {
		return probe.Control{}, false
	}
	return slices.MaxFunc(found, func(a, b probe.Control) int {
		return utf8.RuneCountInString(a.Label) - utf8.RuneCountInString(b.Label)
	}), true
}
