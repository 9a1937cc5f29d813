package main

import (
	"context"
	"errors"

	"leye/scripts/internal/probe"
)

// searchPolicy types the search word; what fits appears below it.
func (p *Player) searchPolicy(ctx context.Context, view probe.View) error {
	if !p.answered["search"] {
		if p.Visit.Search.Value == nil {
			return errors.New("the visit declares no search word")
		}
		if err := p.write(ctx, "field:search", p.Visit.Search); err != nil {
			return err
		}
		p.answered["search"] = true
	}
	found, err := p.until(ctx, "policies that fit", func(v probe.View) bool { return len(v.WithPrefix("result:")) > 0 })
	if err != nil {
		return err
	}
	p.Record.see(found)
	if err := p.Picture(p.Record.pictureName("policy-found")); err != nil {
		return err
	}
	return p.choosePolicy(ctx, found)
}

// choosePolicy opens the policy with the declared title.
func (p *Player) choosePolicy(ctx context.Context, view probe.View) error {
	for _, c := range view.WithPrefix("result:") {
		if firstLine(c.Label) == p.Visit.Result {
			p.Record.Policy = p.Visit.Result
			return p.leave(ctx, view, c.ID)
		}
	}
	return errors.New("no policy found has the title " + p.Visit.Result)
}

func (p *Player) readPolicy(ctx context.Context, view probe.View) error {
	return p.leave(ctx, view, "print")
}
