package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"leye/scripts/internal/paper"
	"leye/scripts/internal/probe"
)

// Looker tells what is on the screen.
type Looker interface {
	Look(ctx context.Context) (probe.View, error)
}

// Finger touches the screen.
type Finger interface {
	Tap(x, y int) error
	Drag(fromX, fromY, toX, toY int) error
}

// Desk is what lies around the terminal: the card, the code and the paper.
type Desk interface {
	LayCard(ctx context.Context, name string) error
	TakeCard(ctx context.Context) error
	Scan(ctx context.Context, text string) error
	Slip(ctx context.Context) (string, error) // text of what has been printed
	Cover(ctx context.Context, open bool) error
}

// A person waits this long for a screen to answer before giving up, and looks
// this often.
const (
	patience = 30 * time.Second
	moment   = 5 * time.Second
	glance   = 30 * time.Millisecond
)

// errWaited says that the screen did not become what was waited for.
var errWaited = errors.New("waited")

// Player walks through the screens as a person does who knows the answers: it
// looks, touches what the screen asks for, and waits until the screen changed.
type Player struct {
	Visit   Visit
	Screen  Looker
	Finger  Finger
	Devices Desk
	Picture func(name string) error
	Say     func(format string, args ...any)
	Record  Record
	Trouble bool   // what can go wrong at the devices goes wrong once, and is put right
	Until   string // name of the screen to stop at, before it is touched; empty: the end

	answered map[string]bool // fields, and what else is done once
	laid     bool
	shot     string // step of the last picture
}

// Play walks until p.Until or the end screen and leaves what it saw in p.Record.
func (p *Player) Play(ctx context.Context) error {
	p.answered = map[string]bool{}
	acts := map[string]func(context.Context, probe.View) error{
		"idle": p.start, "home": p.home, "event": p.service, "search": p.service,
		"service": p.begin, "identify": p.identify, "question": p.question, "repeat": p.tapper("next"),
		"check": p.check, "filing": p.wait, "filed": p.filed,
		"asking": p.wait, "case": p.told,
		"policy-search": p.searchPolicy, "policy": p.readPolicy,
	}
	for {
		view, err := p.settled(ctx)
		if err != nil {
			return p.stuck(ctx, err)
		}
		p.Record.see(view)
		if view.Screen == p.Until {
			return nil
		}
		if view.Screen == "end" {
			return p.end(ctx)
		}
		act := acts[view.Screen]
		if act == nil {
			return p.stuck(ctx, fmt.Errorf("screen %q is not one that this player knows", view.Screen))
		}
		if err := p.shoot(view); err != nil {
			return err
		}
		if err := act(ctx, view); err != nil {
			return p.stuck(ctx, fmt.Errorf("on screen %s: %w", view.Screen, err))
		}
	}
}

// stuck adds a picture and the screen's words to err.
func (p *Player) stuck(ctx context.Context, err error) error {
	picture := p.Picture("99-stuck")
	view, lookErr := p.Screen.Look(context.WithoutCancel(ctx))
	if lookErr != nil {
		return errors.Join(err, picture, lookErr)
	}
	var ids []string
	for _, c := range view.Controls {
		ids = append(ids, c.ID)
	}
	return errors.Join(fmt.Errorf("%w\n  screen   %s\n  texts    %s\n  controls %s\n  picture  screens/99-stuck.png",
		err, view.Screen, strings.Join(view.Texts, " | "), strings.Join(ids, " ")), picture)
}

// shoot takes the picture of a screen that is seen for the first time.
func (p *Player) shoot(view probe.View) error {
	key := stepKey(view)
	if key == p.shot {
		return nil
	}
	p.shot = key
	p.Say("%s", key)
	if view.Screen == "question" {
		return nil // its picture is taken with the answers
	}
	return p.Picture(p.Record.pictureName(view.Screen))
}

// once takes a picture that a visit needs only one of.
func (p *Player) once(name string) error {
	if p.answered[name] {
		return nil
	}
	p.answered[name] = true
	return p.Picture(p.Record.pictureName(name))
}

// settled looks until two looks in a row show the same and nothing moves.
func (p *Player) settled(ctx context.Context) (probe.View, error) {
	return p.until(ctx, "the screen to come to rest", func(probe.View) bool { return true })
}

// until looks until the screen is at rest and fits, at most as long as a person
// would wait.
func (p *Player) until(ctx context.Context, what string, fits func(probe.View) bool) (probe.View, error) {
	return p.untilWithin(ctx, patience, what, fits)
}

func (p *Player) untilWithin(ctx context.Context, limit time.Duration, what string, fits func(probe.View) bool) (probe.View, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	last := -1
	for {
		view, err := p.Screen.Look(ctx)
		if err != nil && ctx.Err() == nil && !late(err) {
			return view, fmt.Errorf("wait for %s: %w", what, err)
		}
		// Before its first screen stands, a starting kiosk names none.
		if err == nil && view.Screen != "" && !view.Busy && view.Serial == last && fits(view) {
			return view, nil
		}
		last = view.Serial
		select {
		case <-ctx.Done():
			return view, fmt.Errorf("%w %v for %s", errWaited, limit, what)
		case <-ticker.C:
		}
	}
}

// late reports whether the kiosk only had no time to answer: it may be drawing, and
// the limit of the wait says how long is too long.
func late(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout()
}

// tap touches the middle of a control, after moving it into sight.
func (p *Player) tap(ctx context.Context, id string) error {
	c, err := p.reach(ctx, id)
	if err != nil {
		return err
	}
	if !c.Enabled {
		return fmt.Errorf("control %s cannot be touched now", id)
	}
	return p.Finger.Tap(int(c.X+c.W/2), int(c.Y+c.H/2))
}

// press touches a control and waits a moment for the screen to look otherwise:
// the next touch must not meet what this one is about to change.
func (p *Player) press(ctx context.Context, id string) error {
	before, err := p.settled(ctx)
	if err != nil {
		return err
	}
	if err := p.tap(ctx, id); err != nil {
		return err
	}
	_, err = p.untilWithin(ctx, moment, id+" to show", func(v probe.View) bool { return looks(v) != looks(before) })
	if errors.Is(err, errWaited) {
		return nil // a choice that stood already shows nothing new
	}
	return err
}

// looks is what a person could tell two moments of a screen apart by.
func looks(v probe.View) string {
	var b strings.Builder
	fmt.Fprintln(&b, v.Screen, v.Serial, v.Texts)
	for _, c := range v.Controls {
		fmt.Fprintln(&b, c.ID, c.Label, c.Enabled)
	}
	return b.String()
}

// leave touches a control and waits for another screen or question.
func (p *Player) leave(ctx context.Context, view probe.View, id string) error {
	if err := p.tap(ctx, id); err != nil {
		return err
	}
	from := stepKey(view)
	_, err := p.until(ctx, "another screen after "+id, func(v probe.View) bool { return stepKey(v) != from })
	return err
}

func (p *Player) tapper(id string) func(context.Context, probe.View) error {
	return func(ctx context.Context, view probe.View) error { return p.leave(ctx, view, id) }
}

func (p *Player) wait(ctx context.Context, view probe.View) error {
	_, err := p.until(ctx, "the end of "+view.Screen, func(v probe.View) bool { return v.Screen != view.Screen })
	return err
}

func (p *Player) start(ctx context.Context, view probe.View) error {
	if p.Record.English && view.Lang != "en" {
		return p.press(ctx, "lang")
	}
	return p.leave(ctx, view, "start")
}

func (p *Player) home(ctx context.Context, view probe.View) error {
	if p.Visit.Scan != "" {
		return p.scan(ctx, view)
	}
	return p.leave(ctx, view, "event:"+p.Visit.Event)
}

// scan holds the code to the scanner once and waits for where it leads.
func (p *Player) scan(ctx context.Context, view probe.View) error {
	if p.answered["scan"] {
		return errors.New("the code that was held up leads nowhere")
	}
	p.answered["scan"] = true
	if err := p.Devices.Scan(ctx, p.Visit.Scan); err != nil {
		return err
	}
	from := stepKey(view)
	led, err := p.until(ctx, "where the code leads", func(v probe.View) bool { return stepKey(v) != from })
	if err == nil {
		p.Say("scanned, it leads to %s", led.Screen)
	}
	return err
}

func (p *Player) service(ctx context.Context, view probe.View) error {
	return p.leave(ctx, view, "service:"+p.Visit.Service)
}

// begin waits until the devices are found ready: the page may still be asking
// the printer.
func (p *Player) begin(ctx context.Context, view probe.View) error {
	_, err := p.until(ctx, "the service to be ready to begin", func(v probe.View) bool {
		c, ok := v.Control("begin")
		return ok && c.Enabled
	})
	if err != nil {
		return err
	}
	return p.leave(ctx, view, "begin")
}

func (p *Player) identify(ctx context.Context, view probe.View) error {
	if !p.laid {
		if p.Visit.Card == "" {
			return errors.New("it asks for a card, and the visit declares none")
		}
		if err := p.layDamaged(ctx, view); err != nil {
			return err
		}
		if err := p.Devices.LayCard(ctx, p.Visit.Card); err != nil {
			return err
		}
		p.laid = true
	}
	named, err := p.until(ctx, "the person's name to confirm", func(v probe.View) bool {
		c, ok := v.Control("confirm")
		return ok && c.Enabled || v.Screen != "identify"
	})
	if err != nil || named.Screen != "identify" {
		return err
	}
	p.Record.see(named)
	if err := p.Picture(p.Record.pictureName("identified")); err != nil {
		return err
	}
	return p.leave(ctx, view, "confirm")
}

// question answers each declared field as it appears, then goes on.
func (p *Player) question(ctx context.Context, view probe.View) error {
	asked := view
	for {
		field := p.nextField(asked)
		if field == "" {
			break
		}
		if err := p.answer(ctx, asked, field); err != nil {
			return fmt.Errorf("answer %s: %w", field, err)
		}
		p.answered[field] = true
		var err error
		if asked, err = p.settled(ctx); err != nil {
			return err
		}
		if asked.Screen != "question" {
			return nil
		}
		p.Record.see(asked)
	}
	if err := p.Picture(p.Record.pictureName(strings.ReplaceAll(stepKey(view), " ", "-"))); err != nil {
		return err
	}
	return p.leave(ctx, asked, "next")
}

// nextField is the first declared field on the screen that has no answer yet.
func (p *Player) nextField(view probe.View) string {
	for _, field := range fieldsOn(view) {
		if _, declared := p.Visit.Answers[field]; declared && !p.answered[field] {
			return field
		}
	}
	return ""
}

// fieldsOn names the fields that the screen asks for, in its order.
func fieldsOn(view probe.View) []string {
	var fields []string
	for _, c := range view.Controls {
		parts := strings.Split(c.ID, ":")
		if len(parts) < 2 || !slices.Contains([]string{"choice", "field", "row-add"}, parts[0]) {
			continue
		}
		if !slices.Contains(fields, parts[1]) {
			fields = append(fields, parts[1])
		}
	}
	return fields
}

// check looks at the whole sheet, as a person should, and hands in.
func (p *Player) check(ctx context.Context, view probe.View) error {
	for _, s := range view.Scrolls {
		for seen := s.Offset; s.Offset+s.H < s.Content-1; {
			if err := p.drag(s, min(s.H*0.6, s.Content-s.H-s.Offset)); err != nil {
				return err
			}
			next, err := p.settled(ctx)
			if err != nil {
				return err
			}
			moved, ok := next.Scroll(s.ID)
			if !ok || moved.Offset <= seen {
				return fmt.Errorf("scroll %s does not follow the finger", s.ID)
			}
			s, seen = moved, moved.Offset
			p.Record.see(next)
			if err := p.Picture(p.Record.pictureName("check")); err != nil {
				return err
			}
		}
	}
	if p.Trouble {
		if err := p.Devices.Cover(ctx, true); err != nil {
			return err
		}
	}
	return p.leave(ctx, view, "submit")
}

// filed waits for the paper before it goes on: the slip is why people come.
func (p *Player) filed(ctx context.Context, view probe.View) error {
	want := p.proofOnScreen(view)
	if want == "" {
		return errors.New("it shows neither a case number nor a reference")
	}
	if err := p.closeCover(ctx); err != nil {
		return err
	}
	if err := p.paper(ctx, want); err != nil {
		return err
	}
	shown, err := p.until(ctx, "the way on", func(v probe.View) bool {
		c, ok := v.Control("finish")
		return ok && c.Enabled || v.Screen != "filed"
	})
	if err != nil {
		return err
	}
	p.Record.see(shown)
	if shown.Screen != "filed" {
		return nil
	}
	return p.leave(ctx, view, "finish")
}

// proofOnScreen is the number or the reference that the filed screen shows.
func (p *Player) proofOnScreen(view probe.View) string {
	proof := paper.Read(strings.Join(view.Texts, "\n"))
	if proof.Number != "" {
		return proof.Number
	}
	return proof.Reference
}

func (p *Player) paper(ctx context.Context, want string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		text, err := p.Devices.Slip(ctx)
		if err != nil {
			return err
		}
		if strings.Contains(squeeze(text), squeeze(want)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v for a slip with %s", patience, want)
		case <-time.After(5 * glance):
		}
	}
}

// end takes the card and waits for the wipe: the next person must find nothing.
func (p *Player) end(ctx context.Context) error {
	if err := p.Picture(p.Record.pictureName("end")); err != nil {
		return err
	}
	if p.laid {
		if err := p.Devices.TakeCard(ctx); err != nil {
			return err
		}
	}
	view, err := p.untilWithin(ctx, 2*patience, "the terminal to be wiped", func(v probe.View) bool { return v.Screen == "idle" })
	if err != nil {
		return p.stuck(ctx, err)
	}
	p.Record.see(view)
	return p.Picture(p.Record.pictureName("idle"))
}
