package screen

import (
	"strconv"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// policySearch finds policies by a word and a category.
func (b *Builder) policySearch(st session.State) Page {
	query := b.entry(searchField, st.Query, b.T("search.hint"), false)
	objs := []fyne.CanvasObject{b.heading(b.T("policy.title"), b.T("policy.below")), query, b.categories(st)}
	if len(st.Hits) == 0 {
		objs = append(objs, b.notice("search", b.T("policy.none"), theme.Wait, theme.WaitBg))
	} else {
		objs = append(objs, b.para(b.T("policy.found", "n", strconv.Itoa(len(st.Hits))), b.small(theme.Quiet)))
	}
	for n, h := range st.Hits {
		objs = append(objs, b.policyRow(n, h.Policy))
	}
	return Page{Back: true, Body: control.Stack(18, objs...)}
}

func (b *Builder) categories(st session.State) fyne.CanvasObject {
	svc, _ := b.Catalogue.Service(session.PolicyService)
	var list []catalogue.Choice
	for _, f := range svc.Fields {
		if f.Key == "cat" {
			list = b.Catalogue.Choices(f)
		}
	}
	list = append([]catalogue.Choice{{Text: catalogue.Text{ZH: b.Texts.Get("zh", "policy.all"), EN: b.Texts.Get("en", "policy.all")}}}, list...)
	var chips []fyne.CanvasObject
	for _, c := range list {
		kind := quiet
		if c.Code == st.Category {
			kind = secondary
		}
		chips = append(chips, b.button("category:"+c.Code, b.Say(c.Text), "", kind, b.Tokens.Target, func() { b.Do(session.Narrow{Category: c.Code}) }))
	}
	cols := 4
	if b.Tokens.Body > theme.Standard.Body || b.Language == "en" {
		cols = 2
	}
	return control.Grid(cols, b.Tokens.Gap, chips...)
}

// teaser is how much of a policy its row shows, in columns: a Chinese character
// takes two, a Latin letter one.
const teaser = 96

// opening is the beginning of a text, in whole words.
func opening(text string) string {
	columns := 0
	for at, r := range text {
		if columns++; unicode.Is(unicode.Han, r) {
			columns++
		}
		if columns <= teaser {
			continue
		}
		head := text[:at]
		if space := strings.LastIndexByte(head, ' '); space > len(head)/2 {
			head = head[:space]
		}
		return head + "…"
	}
	return text
}

func (b *Builder) policyRow(n int, p *policy.Policy) fyne.CanvasObject {
	arrow := b.Tokens.Body * 1.2
	width := b.Width() - 56 - arrow - 24
	face := control.Row(24, 0,
		control.Stack(4,
			control.Paragraph(b.Say(p.Title), control.Type{Size: b.Tokens.Body + 6, Bold: true, Color: theme.Ink, Line: 1.35}, width),
			control.Paragraph(opening(b.Say(p.Summary)), b.small(theme.Quiet), width)),
		control.Level(b.icon("next", theme.Primary, arrow, arrow)))
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 2, Down: theme.Tint, Radius: 16}
	return control.NewTap("result:"+strconv.Itoa(n), b.Say(p.Title), s, fyne.NewSize(200, b.Tokens.Action), control.Pad(control.Sides(20, 28), face), func() { b.Do(session.ReadPolicy{Policy: p.ID}) })
}

// policyText is one policy to read, and to take along on paper.
func (b *Builder) policyText(st session.State) Page {
	p, ok := b.Policies.Policy(st.Policy)
	if !ok {
		return Page{Back: true, Body: b.heading(b.T("policy.none"), "")}
	}
	objs := []fyne.CanvasObject{b.heading(b.Say(p.Title), "")}
	if st.Fault != "" {
		objs = append(objs, b.notice("stop", b.T(failure("policy", st.Fault), "code", string(st.Fault)), theme.Stop, theme.StopBg))
	}
	objs = append(objs, b.panel("", control.Paragraph(b.Say(p.Summary), b.body(theme.Ink), b.inner())))
	if len(p.Figures) > 0 {
		objs = append(objs, b.figures(p))
	}
	if len(p.Basis) > 0 {
		var names []string
		for _, law := range p.Basis {
			names = append(names, b.Say(law.Cite()))
		}
		objs = append(objs, b.panel(b.T("policy.source"), control.Paragraph(strings.Join(names, "\n"), b.small(theme.Quiet), b.inner())))
	}
	objs = append(objs, b.para(b.T("counter_decides"), b.mark(theme.Wait)))
	return Page{Back: true, Body: control.Stack(22, objs...), Primary: &Action{ID: "print", Label: b.T("policy.print"), Do: func() { b.Do(session.PrintPolicy{}) }}}
}

func (b *Builder) figures(p *policy.Policy) fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, f := range p.Figures {
		value := b.Say(f.Amount())
		switch {
		case f.Value == "":
			value = strings.TrimSpace(b.T("policy.uncertain"))
		case p.Uncertain():
			value += b.T("policy.uncertain")
		}
		rows = append(rows, b.bullet("check", theme.Primary, b.T("policy.figure", "label", b.Say(f.Label), "value", value), b.body(theme.Ink), b.inner()))
	}
	return b.panel(b.T("policy.figures"), rows...)
}
