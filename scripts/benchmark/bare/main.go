// Command bare is the least Fyne program that the kiosk is compared with: a
// window of the same size with the same typefaces. With --page it paints what a
// page of the kiosk paints, mark by mark, and changes to the next page at each
// tap; it has no state, no layout, no reader, no queue and no words to look up.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"leye/assets"
)

// mark is what the kiosk's probe tells of one painted thing.
type mark struct {
	Kind           string
	X, Y, W, H     float32
	Words          string
	Size           float32
	Bold           bool
	Radius, Stroke float32
}

func main() {
	width := flag.Int("width", 1080, "of the window")
	height := flag.Int("height", 1920, "of the window")
	var pages [][]mark
	flag.Func("page", "`file` with the marks of a page; may be repeated", func(name string) error {
		p, err := readPage(name)
		pages = append(pages, p)
		return err
	})
	flag.Parse()
	if err := run(fyne.NewSize(float32(*width), float32(*height)), pages); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func readPage(name string) (marks []mark, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return marks, json.Unmarshal(data, &marks)
}

func run(size fyne.Size, pages [][]mark) error {
	faces, err := readFaces()
	if err != nil {
		return err
	}
	a := app.NewWithID("cn.shpt.leye.bare")
	a.Settings().SetTheme(faces)
	w := a.NewWindow("bare")
	w.SetPadded(false)
	if len(pages) == 0 {
		pages = [][]mark{{{Kind: "text", X: 40, Y: 40, Words: "乐业", Size: 30}}}
	}
	b := &book{window: w, size: size, pages: pages}
	b.ExtendBaseWidget(b)
	w.SetContent(container.NewStack(b.draw(), b))
	w.Resize(size)
	w.SetFullScreen(true)
	w.ShowAndRun()
	return nil
}

// book turns to its next page when it is tapped.
type book struct {
	widget.BaseWidget
	window fyne.Window
	size   fyne.Size
	pages  [][]mark
	turn   int
}

func (b *book) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}

// Tapped shows the next page.
func (b *book) Tapped(*fyne.PointEvent) {
	b.turn++
	b.window.SetContent(container.NewStack(b.draw(), b))
}

// draw paints the page, and above it a line that tells it from the one before.
func (b *book) draw() fyne.CanvasObject {
	objects := container.NewWithoutLayout()
	for _, m := range append(b.pages[b.turn%len(b.pages)], mark{Kind: "box", W: b.size.Width, H: float32(2 + b.turn%2*2)}) {
		o := m.object()
		o.Resize(fyne.NewSize(m.W, m.H))
		o.Move(fyne.NewPos(m.X, m.Y))
		objects.Add(o)
	}
	return objects
}

func (m mark) object() fyne.CanvasObject {
	switch m.Kind {
	case "text":
		t := canvas.NewText(m.Words, color.NRGBA{0x1B, 0x24, 0x30, 0xFF})
		t.TextSize, t.TextStyle.Bold = m.Size, m.Bold
		return t
	case "picture":
		return canvas.NewImageFromImage(image.NewRGBA(image.Rect(0, 0, int(m.W), int(m.H))))
	default:
		r := canvas.NewRectangle(color.White)
		r.StrokeColor, r.StrokeWidth, r.CornerRadius = color.NRGBA{0x7C, 0x8A, 0x9E, 0xFF}, m.Stroke, m.Radius
		return r
	}
}

// faces is Fyne's own theme with the terminal's typefaces.
type faces struct {
	fyne.Theme
	regular, bold fyne.Resource
}

func readFaces() (*faces, error) {
	//lint:ignore SA1019 the terminal's own theme is built on it
	f := &faces{Theme: theme.LightTheme()}
	for name, to := range map[string]*fyne.Resource{"NotoSansSC-Regular.otf": &f.regular, "NotoSansSC-Bold.otf": &f.bold} {
		data, err := fs.ReadFile(assets.Font(), name)
		if err != nil {
			return nil, fmt.Errorf("read typeface: %w", err)
		}
		*to = fyne.NewStaticResource(name, data)
	}
	return f, nil
}

// Font returns the terminal's typeface.
func (f *faces) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Symbol:
		return f.Theme.Font(style)
	case style.Bold:
		return f.bold
	}
	return f.regular
}
