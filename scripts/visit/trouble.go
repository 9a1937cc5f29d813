package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"leye/scripts/internal/probe"
)

// damaged is a card whose number does not pass its own check digit.
const damaged = "resident_bad_check_digit"

// layDamaged lays a card that must not be believed, waits for the screen to say
// so, and takes it away again.
func (p *Player) layDamaged(ctx context.Context, before probe.View) error {
	if !p.Trouble {
		return nil
	}
	if err := p.Devices.LayCard(ctx, damaged); err != nil {
		return err
	}
	told, err := p.until(ctx, "word of the damaged card", func(v probe.View) bool { return news(v, before) != "" && !reading(v) })
	if err != nil {
		return err
	}
	if _, named := told.Control("confirm"); named || told.Screen != "identify" {
		return errors.New("a card with a wrong check digit was believed")
	}
	p.Say("trouble: %s", news(told, before))
	if err := p.Picture(p.Record.pictureName("identify-damaged")); err != nil {
		return err
	}
	return p.Devices.TakeCard(ctx)
}

// reading reports whether the screen only says that it reads.
func reading(v probe.View) bool {
	words := strings.Join(v.Texts, "")
	return strings.Contains(words, "正在读卡") || strings.Contains(words, "Reading")
}

// news is what the screen says now and did not say before.
func news(now, before probe.View) string {
	old := map[string]bool{}
	for _, words := range before.Texts {
		old[words] = true
	}
	var found []string
	for _, words := range now.Texts {
		if !old[words] {
			found = append(found, words)
		}
	}
	return strings.Join(found, "")
}

// coverOpen is what staff read of a printer whose cover is open.
const coverOpen = "K-204"

// closeCover waits until the screen says that no slip came out, looks that it
// says neither more nor less, closes the printer and asks for the slip again.
func (p *Player) closeCover(ctx context.Context) error {
	if !p.Trouble || p.answered["cover"] {
		return nil
	}
	p.answered["cover"] = true
	told, err := p.until(ctx, "word of the slip that did not come out", func(v probe.View) bool {
		_, again := v.Control("print-again")
		return again || v.Screen != "filed"
	})
	if err != nil {
		return err
	}
	if told.Screen != "filed" {
		return fmt.Errorf("the screen went on to %s without a slip", told.Screen)
	}
	p.Record.see(told)
	if words := strings.Join(told.Texts, ""); !strings.Contains(words, coverOpen) {
		return fmt.Errorf("with its cover open the screen does not say %s", coverOpen)
	}
	if p.proofOnScreen(told) == "" {
		return errors.New("without a slip the screen shows no number either")
	}
	p.Say("trouble: no slip came out, the number stands on the screen")
	if err := p.Picture(p.Record.pictureName("filed-no-slip")); err != nil {
		return err
	}
	if err := p.Devices.Cover(ctx, false); err != nil {
		return err
	}
	return p.press(ctx, "print-again")
}
