package screen

import (
	"strconv"

	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
	"leye/devices/idcard"
)

// landscape reports whether the screen is wider than high.
func (b *Builder) landscape() bool { return b.Size.Width > b.Size.Height }

// idle is one picture, one sentence, and three switches that need no reading.
func (b *Builder) idle(st session.State) Page {
	t := b.Tokens
	art := min(b.Size.Height*0.30, 560)
	touch := control.Paragraph(b.T("idle.touch"), control.Type{Size: t.Huge, Bold: true, Color: theme.White, Align: fyne.TextAlignCenter, Line: 1.3}, b.Width())
	start := control.NewTap("start", b.T("idle.touch"), control.Surface{Fill: theme.Primary, Down: theme.Pressed, Radius: 28}, fyne.NewSize(b.Width(), touch.MinSize().Height+110), control.Level(touch), func() { b.Do(session.Start{}) })
	objs := []fyne.CanvasObject{
		b.full(b.T("brand"), control.Type{Size: t.Huge, Bold: true, Color: theme.Primary, Line: 1.3}, b.Width()),
		b.full(b.Say(b.Place.Centre), b.body(theme.Quiet), b.Width()),
		control.Sized(b.Width(), art, control.Middle(b.icon("card-reader", theme.Primary, art*1.5, art))),
		b.full(b.T("idle.words"), b.tile(theme.Ink), b.Width()),
		start,
	}
	if st.Reader == idcard.Offline {
		objs = append(objs, b.notice("warning", b.T("idle.no_reader"), theme.Wait, theme.WaitBg))
	} else {
		objs = append(objs, b.full(b.T("idle.card"), b.body(theme.Quiet), b.Width()))
	}
	body := control.Stack(26, objs...)
	side := (b.Size.Width - b.Width()) / 2
	bottom := control.Pad(control.Insets{Right: side, Bottom: 40, Left: side}, control.Shares(t.Gap, b.switches(st)...))
	return Page{Whole: true, Body: b.spread(control.Pad(control.Sides(0, side), body), bottom)}
}

// switches are the three that need no reading.
func (b *Builder) switches(st session.State) []fyne.CanvasObject {
	h := b.Tokens.Action + 30
	kind := func(on bool) buttonKind {
		if on {
			return primary
		}
		return secondary
	}
	return []fyne.CanvasObject{
		b.button("elder", b.T("switch.elder"), "elder", kind(st.Elder), h, func() { b.Do(session.SetElder{On: !st.Elder}) }),
		b.button("reach", b.T("switch.reach"), "reach", kind(st.Reach), h, func() { b.Do(session.SetReach{On: !st.Reach}) }),
		b.languageButton(secondary, h),
	}
}

// home shows the life events: at most eight large tiles, and a band of small.
func (b *Builder) home(st session.State) Page {
	greeting := b.T("home.title")
	below := b.T("home.below")
	if st.Resident != nil {
		below = b.T("home.hello", "name", st.Resident.MaskedName())
	}
	var large, little []fyne.CanvasObject
	for _, e := range b.Catalogue.Events() {
		if e.Large {
			large = append(large, b.eventTile(e))
		} else if e.ID != "staff" {
			little = append(little, b.smallTile(e))
		}
	}
	cols := 2
	if b.landscape() {
		cols = 4
	}
	return Page{Body: control.Stack(22,
		b.heading(greeting, below),
		b.searchBar("search", b.T("home.search"), func() { b.Do(session.OpenSearch{}) }),
		control.Grid(cols, b.Tokens.Gap, large...),
		control.Shares(b.Tokens.Gap, little...),
		control.Shares(b.Tokens.Gap, b.switches(st)[:2]...),
	)}
}

func (b *Builder) columns(n int) float32 {
	return (b.Width() - b.Tokens.Gap*float32(n-1)) / float32(n)
}

func (b *Builder) eventTile(e catalogue.Event) fyne.CanvasObject {
	cols := 2
	if b.landscape() {
		cols = 4
	}
	size := b.Tokens.Huge * 1.05
	width := b.columns(cols) - 56
	face := control.Row(22, 1,
		control.Level(b.icon(e.Icon, theme.Primary, size, size)),
		control.Level(control.Stack(4,
			control.Paragraph(b.Say(e.Text), b.tile(theme.Ink), width-size-22),
			control.Paragraph(b.Say(e.Hint), b.small(theme.Quiet), width-size-22))))
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 2, Down: theme.Tint, Radius: 20}
	return control.NewTap("event:"+e.ID, b.Say(e.Text), s, fyne.NewSize(width, 204), control.Pad(control.Sides(20, 28), face), func() { b.Do(session.ChooseEvent{Event: e.ID}) })
}

func (b *Builder) smallTile(e catalogue.Event) fyne.CanvasObject {
	return b.button("event:"+e.ID, b.Say(e.Text), e.Icon, quiet, b.Tokens.Action, func() { b.Do(session.ChooseEvent{Event: e.ID}) })
}

func (b *Builder) searchBar(id, words string, onTap func()) fyne.CanvasObject {
	size := b.Tokens.Body * 1.2
	face := control.Row(18, 1, control.Level(b.icon("search", theme.Primary, size, size)), control.Level(control.Label(words, b.body(theme.Quiet))))
	s := control.Surface{Fill: theme.White, Edge: theme.Border, Stroke: 2, Down: theme.Tint, Radius: 16}
	return control.NewTap(id, words, s, fyne.NewSize(200, b.Tokens.Target+8), control.Pad(control.Sides(12, 26), face), onTap)
}

// browse lists the services of a life event.
func (b *Builder) browse(st session.State) Page {
	title := ""
	for _, e := range b.Catalogue.Events() {
		if e.ID == st.Event {
			title = b.Say(e.Text)
		}
	}
	objs := []fyne.CanvasObject{b.heading(title, b.T("browse.below", "n", strconv.Itoa(len(st.Found))))}
	return Page{Back: true, Body: control.Stack(20, append(objs, b.serviceRows(st.Found)...)...)}
}

func (b *Builder) serviceRows(ids []string) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, id := range ids {
		if svc, ok := b.Catalogue.Service(id); ok {
			rows = append(rows, b.serviceRow(svc))
		}
	}
	return rows
}

func (b *Builder) serviceRow(svc catalogue.Service) fyne.CanvasObject {
	arrow := b.Tokens.Body * 1.2
	width := b.Width() - 56 - arrow - 24
	face := control.Row(24, 0,
		control.Stack(4,
			control.Paragraph(b.Say(svc.Text), control.Type{Size: b.Tokens.Body + 6, Bold: true, Color: theme.Ink, Line: 1.35}, width),
			control.Paragraph(b.Say(svc.Summary), b.small(theme.Quiet), width)),
		control.Level(b.icon("next", theme.Primary, arrow, arrow)))
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 2, Down: theme.Tint, Radius: 16}
	return control.NewTap("service:"+svc.ID, b.Say(svc.Text), s, fyne.NewSize(200, b.Tokens.Action), control.Pad(control.Sides(20, 28), face), func() { b.Do(session.ChooseService{Service: svc.ID}) })
}

// search finds a service by what people call it.
func (b *Builder) search(st session.State) Page {
	objs := []fyne.CanvasObject{b.heading(b.T("search.title"), ""), b.entry(searchField, b.Typed[searchField], b.T("search.hint"), false)}
	switch {
	case st.Query == "":
		objs = append(objs, b.para(b.T("search.examples"), b.body(theme.Quiet)))
	case len(st.Found) == 0:
		objs = append(objs, b.notice("search", b.T("search.none"), theme.Wait, theme.WaitBg))
	default:
		objs = append(objs, b.serviceRows(st.Found)...)
	}
	return Page{Back: true, Body: control.Stack(20, objs...)}
}

// searchField is the name of the search's entry.
const searchField = "search"

// spread puts body in the middle of the screen and bottom at its lower edge.
func (b *Builder) spread(body, bottom fyne.CanvasObject) fyne.CanvasObject {
	place := control.Middle(body)
	if b.Reach {
		place = control.Pad(control.Insets{Top: b.Size.Height * (1 - reachShare) * 0.6}, place)
	}
	return stackBottom(control.Rect(theme.Surface, nil, 0, 0), place, bottom)
}
