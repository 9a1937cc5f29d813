package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"leye/scripts/internal/paper"
	"leye/scripts/internal/probe"
)

// told looks at what is told of a case, and takes it along on paper.
func (p *Player) told(ctx context.Context, view probe.View) error {
	number := p.proofOnScreen(view)
	if number == "" {
		return errors.New("it tells of no case")
	}
	if err := p.tap(ctx, "print"); err != nil {
		return err
	}
	if err := p.paper(ctx, number); err != nil {
		return err
	}
	shown, err := p.until(ctx, "the way on", func(v probe.View) bool {
		c, ok := v.Control("finish")
		return ok && c.Enabled
	})
	if err != nil {
		return err
	}
	p.Record.see(shown)
	if err := p.Picture(p.Record.pictureName("case-printed")); err != nil {
		return err
	}
	return p.leave(ctx, view, "finish")
}

// lookUpRows holds what was told of a case, on the screen and on paper, against what
// the central says of it.
func (e Evidence) lookUpRows() []Row {
	v, c, asked := e.Record.Visit, e.Case, e.Record.Visit.asked()
	screen := strings.Join(e.Record.texts("case"), "\n")
	questions := strings.Join(e.Record.texts("question"), "\n")
	says := func(what, want string, central bool) Row {
		return Row{What: what, Want: want, Screen: contains(screen, want), Slip: contains(e.Slip, want), Central: same(central)}
	}
	code := Row{What: "code", Want: asked.QueryCode, Screen: contains(questions, asked.QueryCode), Slip: Unsaid, Central: Unsaid}
	if contains(e.Slip, asked.QueryCode) == Same {
		code.Slip = Other // whoever finds the paper could ask too
	}
	rows := []Row{
		{
			What: "case_no", Want: asked.Number, Screen: worst(contains(questions, asked.Number), contains(screen, asked.Number)),
			Slip: same(paper.Read(e.Slip).Number == asked.Number), Central: same(c.Number == asked.Number),
		},
		code,
		says("service", e.Words.Service, c.Service == v.Before),
		says("applicant", c.Applicant, c.Applicant != ""),
		says("state", e.Words.states[c.State], c.State != ""),
	}
	if c.Due != "" {
		rows = append(rows, e.dayRow("due", c.Due, "", screen))
	}
	for n, step := range c.Events {
		rows = append(rows, e.dayRow(fmt.Sprintf("step %d", n+1), step.At.In(china).Format(time.DateOnly), e.Words.states[step.State], screen))
	}
	return rows
}

var china = time.FixedZone("CST", 8*3600)

// dayRow is a day and what came then, as screen and slip write it.
func (e Evidence) dayRow(what, day, came, screen string) Row {
	at, err := time.Parse(time.DateOnly, day)
	row := Row{What: what, Want: strings.TrimSpace(day + " " + came), Screen: Other, Slip: contains(e.Slip, day+came), Central: same(err == nil)}
	for _, form := range e.Words.dates(at) {
		if contains(screen, form+came) == Same || contains(screen, form+":"+came) == Same {
			row.Screen = Same
		}
	}
	return row
}
