// Command bare is the least Fyne program that the kiosk is compared with: a
// window of the same size with the same typefaces. With --texts and --boxes it
// shows a page of so many objects and changes to another one at each tap; it has
// no state, no reader, no queue and no words to look up.
package main

import (
	"flag"
	"fmt"
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

func main() {
	width := flag.Int("width", 1080, "of the window")
	height := flag.Int("height", 1920, "of the window")
	texts := flag.Int("texts", 1, "lines of text on a page")
	boxes := flag.Int("boxes", 1, "rounded boxes on a page")
	flag.Parse()
	if err := run(fyne.NewSize(float32(*width), float32(*height)), *texts, *boxes); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(size fyne.Size, texts, boxes int) error {
	faces, err := readFaces()
	if err != nil {
		return err
	}
	a := app.NewWithID("cn.shpt.leye.bare")
	a.Settings().SetTheme(faces)
	w := a.NewWindow("bare")
	w.SetPadded(false)
	p := &page{texts: texts, boxes: boxes, size: size}
	p.ExtendBaseWidget(p)
	p.window = w
	w.SetContent(container.NewStack(p.draw(), p))
	w.Resize(size)
	w.SetFullScreen(true)
	w.ShowAndRun()
	return nil
}

// page swaps itself for another one of as many objects when it is tapped.
type page struct {
	widget.BaseWidget
	window       fyne.Window
	size         fyne.Size
	texts, boxes int
	turn         int
}

func (p *page) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}

// Tapped shows the next page.
func (p *page) Tapped(*fyne.PointEvent) {
	p.turn++
	p.window.SetContent(container.NewStack(p.draw(), p))
}

func (p *page) draw() fyne.CanvasObject {
	shade := color.NRGBA{0xF5, 0xF7, uint8(0xFA - p.turn%2*0x20), 0xFF}
	objects := container.NewWithoutLayout(canvas.NewRectangle(shade))
	objects.Objects[0].Resize(p.size)
	for i := range p.boxes {
		r := canvas.NewRectangle(color.White)
		r.StrokeColor, r.StrokeWidth, r.CornerRadius = color.NRGBA{0x7C, 0x8A, 0x9E, 0xFF}, 2, 16
		r.Resize(fyne.NewSize(p.size.Width/2-40, p.size.Height/float32(p.boxes)))
		r.Move(fyne.NewPos(20+float32(i%2)*p.size.Width/2, float32(i)*p.size.Height/float32(p.boxes+1)))
		objects.Add(r)
	}
	for i := range p.texts {
		t := canvas.NewText(fmt.Sprintf("第%d页第%d行 乐业自助服务", p.turn%2+1, i+1), color.NRGBA{0x1B, 0x24, 0x30, 0xFF})
		t.TextSize, t.TextStyle.Bold = 30, i%3 == 0
		t.Move(fyne.NewPos(40, float32(i)*p.size.Height/float32(p.texts+1)))
		objects.Add(t)
	}
	return objects
}

// faces is Fyne's own theme with the terminal's typefaces.
type faces struct {
	fyne.Theme
	regular, bold fyne.Resource
}

func readFaces() (*faces, error) {
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
