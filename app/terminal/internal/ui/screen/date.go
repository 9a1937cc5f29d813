package screen

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// Picker is where the choice of a date stands: which field, and the month that
// is shown. Years is set while a year is being chosen.
type Picker struct {
	Field string
	Month time.Time
	Years bool
}

// Day is a date as a person reads it; what is no date stays as it is. The day of
// the week helps with days to come, not with a birthday.
func (b *Builder) Day(iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	key := "date.day"
	if t.Before(b.Now().AddDate(-1, 0, 0)) {
		key = "date.past"
	}
	return b.T(key, "y", strconv.Itoa(t.Year()), "m", strconv.Itoa(int(t.Month())), "d", strconv.Itoa(t.Day()), "w", b.T("weekday."+strconv.Itoa(int(t.Weekday()))))
}

// date shows the chosen day and, while it is open, a month to choose from.
func (b *Builder) date(f catalogue.Field, v form.Value) fyne.CanvasObject {
	p := b.Picker
	shown := b.T("date.hint")
	if v.Text() != "" {
		shown = b.Day(v.Text())
	}
	open := p != nil && p.Field == f.Key
	toggle := func() {
		b.Picker.Field, b.Picker.Years = f.Key, false
		if open {
			b.Picker.Field = ""
		} else {
			b.Picker.Month = b.monthOf(v.Text())
		}
		b.Redraw()
	}
	s := control.Surface{Fill: theme.White, Edge: theme.Border, Stroke: 2, Down: theme.Tint, Radius: 14}
	if open {
		s.Edge, s.Stroke = theme.Primary, 4
	}
	size := b.Tokens.Body * 1.2
	face := control.Row(18, 1, control.Level(b.icon("calendar", theme.Primary, size, size)), control.Level(control.Label(shown, b.body(theme.Ink))))
	head := control.NewTap("field:"+f.Key, v.Text(), s, fyne.NewSize(200, b.Tokens.Target+12), control.Pad(control.Sides(14, 24), face), toggle)
	if !open {
		return head
	}
	if p.Years {
		return control.Stack(b.Tokens.Gap, head, b.yearGrid(p))
	}
	return control.Stack(b.Tokens.Gap, head, b.monthGrid(f, v, p))
}

func (b *Builder) monthOf(iso string) time.Time {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		t = b.Now()
	}
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (b *Builder) move(years, months int) func() {
	return func() {
		b.Picker.Month = b.Picker.Month.AddDate(years, months, 0)
		b.Redraw()
	}
}

// monthGrid is a calendar page: months by arrows, the year by its own page.
func (b *Builder) monthGrid(f catalogue.Field, v form.Value, p *Picker) fyne.CanvasObject {
	h := b.Tokens.Target
	title := b.T("date.month", "y", strconv.Itoa(p.Month.Year()), "m", strconv.Itoa(int(p.Month.Month())))
	head := control.Row(12, 1,
		b.button("month:prev", "", "back", quiet, h, b.move(0, -1)),
		b.button("year:open", title, "down", secondary, h, func() {
			b.Picker.Years = true
			b.Redraw()
		}),
		b.button("month:next", "", "next", quiet, h, b.move(0, 1)))
	var cells []fyne.CanvasObject
	for w := range 7 {
		t := centred(b.small(theme.Quiet))
		cells = append(cells, control.Paragraph(b.T("weekday."+strconv.Itoa((w+1)%7)), t, b.columns(7)))
	}
	for range (int(p.Month.Weekday()) + 6) % 7 {
		cells = append(cells, control.Space(1, 1))
	}
	for d := p.Month; d.Month() == p.Month.Month(); d = d.AddDate(0, 0, 1) {
		cells = append(cells, b.dayCell(f, v, d))
	}
	return control.Stack(10, head, control.Grid(7, 10, cells...))
}

func (b *Builder) dayCell(f catalogue.Field, v form.Value, d time.Time) fyne.CanvasObject {
	iso := d.Format(time.DateOnly)
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 2, Down: theme.Tint, Radius: 12}
	ink := theme.Ink
	if iso == b.Now().Format(time.DateOnly) {
		s.Edge = theme.Primary
	}
	if iso == v.Text() {
		s.Fill, ink = theme.Primary, theme.White
	}
	t := centred(b.body(ink))
	t.Line = 1.2
	face := control.Level(control.Paragraph(strconv.Itoa(d.Day()), t, b.columns(7)))
	return control.NewTap("day:"+strconv.Itoa(d.Day()), iso, s, fyne.NewSize(60, b.Tokens.Target), face, func() {
		b.Picker.Field = ""
		b.answer(f.Key, form.Text(iso))
		b.Redraw()
	})
}

// yearGrid shows twenty years at a time, the present ones first.
func (b *Builder) yearGrid(p *Picker) fyne.CanvasObject {
	from := p.Month.Year() - 14
	h := b.Tokens.Target
	var cells []fyne.CanvasObject
	for y := from; y < from+20; y++ {
		cells = append(cells, b.button("year:"+strconv.Itoa(y), strconv.Itoa(y), "", quiet, h, func() {
			b.Picker.Month = time.Date(y, p.Month.Month(), 1, 0, 0, 0, 0, time.UTC)
			b.Picker.Years = false
			b.Redraw()
		}))
	}
	head := control.Shares(12,
		b.button("year:earlier", b.T("date.earlier"), "back", quiet, h, b.move(-20, 0)),
		b.button("year:later", b.T("date.later"), "next", quiet, h, b.move(20, 0)))
	return control.Stack(10, head, control.Grid(4, 12, cells...))
}
