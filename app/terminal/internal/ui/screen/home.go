package screen

import (
	"strconv"

	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
	"leye/devices/idcard"
)

// landscape reports whether the screen is wider than high.
func (b *Builder) landscape() bool { return b.Size.Width > b.Size.Height }

// idle is one picture, one sentence, and three switches that need no reading.
func (b *Builder) idle(st session.State) Page {
	b = b.widened()
	width := b.Width()
	if b.landscape() {
		width = b.columns(2)
	}
	art := min(b.Size.Height*0.30, 560)
	if b.landscape() {
		art = width / 2.2
	}
	picture := control.Middle(b.icon("card-reader", theme.Primary, art*1.5, art))
	if st.Shut {
		art /= 2
		picture = control.Middle(b.icon("warning", theme.Wait, art, art))
	}
	names := []fyne.CanvasObject{
		b.full(b.T("brand"), control.Type{Size: b.Tokens.Huge, Bold: true, Color: theme.Primary, Line: 1.3}, width),
		b.full(b.Say(b.Place.Centre), b.body(theme.Quiet), width),
	}
	begin := []fyne.CanvasObject{b.full(b.T("idle.words"), b.tile(theme.Ink), width), b.startButton(width)}
	switch {
	case st.Shut:
		begin = []fyne.CanvasObject{
			b.full(b.T("idle.shut"), b.tile(theme.Ink), width),
			b.full(b.T("idle.shut.words"), b.body(theme.Ink), width),
			b.full(b.T("filed.code", "code", string(kiosk.CodeEvacuated)), b.body(theme.Quiet), width),
		}
	case st.Reader == idcard.Offline:
		begin = append(begin, b.noticeIn("warning", b.T("idle.no_reader"), theme.Wait, theme.WaitBg, width))
	case st.Locked():
		begin = append(begin, b.noticeIn("card", b.T("card.left"), theme.Wait, theme.WaitBg, width))
	default:
		begin = append(begin, b.full(b.T("idle.card"), b.body(theme.Quiet), width))
	}
	var body fyne.CanvasObject
	if b.landscape() {
		body = control.Shares(b.Tokens.Gap, control.Sized(width, art, picture), control.Stack(26, append(names, begin...)...))
	} else {
		body = control.Stack(26, append(append(names, control.Sized(width, art, picture)), begin...)...)
	}
	side := b.Tokens.Margin
	bottom := control.Pad(control.Insets{Right: side, Bottom: 40, Left: side}, control.Shares(b.Tokens.Gap, b.switches(st)...))
	return Page{Whole: true, Body: b.spread(control.Pad(control.Sides(0, side), body), bottom)}
}

func (b *Builder) startButton(width float32) fyne.CanvasObject {
	words := b.T("idle.touch")
	face := control.Paragraph(words, control.Type{Size: b.Tokens.Huge, Bold: true, Color: theme.White, Align: fyne.TextAlignCenter, Line: 1.3, Even: true}, width-48)
	s := control.Surface{Fill: theme.Primary, Down: theme.Pressed, Radius: 28}
	room := float32(110)
	if b.landscape() {
		room = 50
	}
	return control.NewTap("start", words, s, fyne.NewSize(width, face.MinSize().Height+room), control.Level(face), func() { b.Do(session.Start{}) })
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
	b = b.widened()
	greeting := b.T("home.title")
	below := b.T("home.below")
	if st.Resident != nil {
		below = b.T("home.hello", "name", st.Resident.MaskedName())
	}
	var large []fyne.CanvasObject
	var little []catalogue.Event
	for _, e := range b.Catalogue.Events() {
		if e.Large {
			large = append(large, b.eventTile(e))
		} else if e.ID != "staff" {
			little = append(little, e)
		}
	}
	small := b.smallTiles(little, b.switches(st)[:2])
	objs := []fyne.CanvasObject{b.heading(greeting, below), b.searchBar("search", b.T("home.search"), func() { b.Do(session.OpenSearch{}) })}
	if b.landscape() {
		objs = append(objs, control.Grid(4, b.Tokens.Gap, large...))
	} else {
		objs = append(objs, control.Grid(2, b.Tokens.Gap, large...))
	}
	objs = append(objs, small...)
	return Page{Wide: true, Body: control.Stack(22, objs...)}
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

// smallTiles are rows of the other events and of the switches: one row on a lying
// screen, two on a standing one.
func (b *Builder) smallTiles(events []catalogue.Event, switches []fyne.CanvasObject) []fyne.CanvasObject {
	n := len(events)
	if b.landscape() {
		n += len(switches)
	}
	var tiles []fyne.CanvasObject
	for _, e := range events {
		tiles = append(tiles, b.smallTile(e, b.columns(n)))
	}
	if b.landscape() {
		return []fyne.CanvasObject{control.Shares(b.Tokens.Gap, append(tiles, switches...)...)}
	}
	return []fyne.CanvasObject{control.Shares(b.Tokens.Gap, tiles...), control.Shares(b.Tokens.Gap, switches...)}
}

// smallTile has its picture beside the words, or above them where they are long.
func (b *Builder) smallTile(e catalogue.Event, width float32) fyne.CanvasObject {
	t := centred(b.strong(theme.Ink))
	t.Line, t.Even = 1.25, true
	size := b.Tokens.Body * 1.2
	words := b.Say(e.Text)
	picture := b.icon(e.Icon, theme.Ink, size, size)
	face := fyne.CanvasObject(control.Middle(control.Row(12, 1, control.Middle(picture), control.Label(words, t))))
	if face.MinSize().Width > width-32 {
		face = control.Level(control.Stack(4, control.Sized(size, size, control.Middle(picture)), control.Paragraph(words, t, width-32)))
	}
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 2, Down: theme.Tint, Radius: 14}
	return control.NewTap("event:"+e.ID, words, s, fyne.NewSize(b.Tokens.Target, b.Tokens.Action), control.Pad(control.Sides(12, 16), face), func() { b.Do(session.ChooseEvent{Event: e.ID}) })
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
	if b.Reach && !b.landscape() {
		place = control.Pad(control.Insets{Top: b.Size.Height * (1 - reachShare) * 0.6}, place)
	}
	return stackBottom(control.Rect(theme.Surface, nil, 0, 0), place, bottom)
}
