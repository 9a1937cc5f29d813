// Package theme holds the sizes, colours and typefaces of the screens, for the
// standard and the elder size, and hands them to Fyne.
//
// Figures are those of the screen design: nothing on a screen takes a size or a
// colour from anywhere else.
package theme

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io/fs"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Tokens are the sizes of one mode, in pixels.
type Tokens struct {
	Body, Small, Title, Tile, Huge float32 // type
	Target, Action                 float32 // least height of what is touched; of the main action
	Gap                            float32 // between targets
	Line                           float32 // line spacing, as a multiple of the type size
	Margin                         float32 // of the page
}

// Standard and Elder are the two sizes of type and targets.
var (
	Standard = Tokens{Body: 30, Small: 24, Title: 48, Tile: 40, Huge: 72, Target: 88, Action: 112, Gap: 16, Line: 1.4, Margin: 48}
	Elder    = Tokens{Body: 40, Small: 32, Title: 60, Tile: 52, Huge: 84, Target: 112, Action: 144, Gap: 24, Line: 1.5, Margin: 40}
)

// The colours. Ink and quiet ink keep at least 7:1 and 4.5:1 on the surface.
var (
	Surface = color.NRGBA{0xF5, 0xF7, 0xFA, 0xFF}
	Card    = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
	Edge    = color.NRGBA{0xD3, 0xDA, 0xE4, 0xFF}
	Border  = color.NRGBA{0x7C, 0x8A, 0x9E, 0xFF} // of what can be filled in: 3:1 on the card
	Ink     = color.NRGBA{0x1B, 0x24, 0x30, 0xFF}
	Quiet   = color.NRGBA{0x4A, 0x55, 0x65, 0xFF}
	Primary = color.NRGBA{0x0B, 0x5C, 0xAD, 0xFF}
	Pressed = color.NRGBA{0x08, 0x46, 0x86, 0xFF}
	Tint    = color.NRGBA{0xE8, 0xF1, 0xFA, 0xFF}
	Done    = color.NRGBA{0x1B, 0x7F, 0x4B, 0xFF}
	DoneBg  = color.NRGBA{0xE6, 0xF4, 0xEC, 0xFF}
	Wait    = color.NRGBA{0xB4, 0x53, 0x09, 0xFF}
	WaitBg  = color.NRGBA{0xFD, 0xF1, 0xE3, 0xFF}
	Stop    = color.NRGBA{0xB4, 0x23, 0x18, 0xFF}
	StopBg  = color.NRGBA{0xFC, 0xEB, 0xEA, 0xFF}
	White   = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
)

// Theme is the Fyne theme of the terminal.
type Theme struct {
	fyne.Theme
	regular, bold fyne.Resource
	tokens        Tokens
}

// New reads the two typefaces from the fonts' folder.
func New(fonts fs.FS, tokens Tokens) (*Theme, error) {
	//lint:ignore SA1019 the default theme would take a file of the user's into account
	t := &Theme{Theme: fynetheme.LightTheme(), tokens: tokens}
	for name, to := range map[string]*fyne.Resource{"NotoSansSC-Regular.otf": &t.regular, "NotoSansSC-Bold.otf": &t.bold} {
		data, err := fs.ReadFile(fonts, name)
		if err != nil {
			return nil, fmt.Errorf("read typeface: %w", err)
		}
		*to = fyne.NewStaticResource(name, data)
	}
	return t, nil
}

// With returns the same typefaces at other sizes.
func (t *Theme) With(tokens Tokens) *Theme {
	c := *t
	c.tokens = tokens
	return &c
}

// Font returns the embedded face; italic does not exist in Chinese type.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	if style.Symbol {
		return t.Theme.Font(style)
	}
	if style.Bold {
		return t.bold
	}
	return t.regular
}

// Color gives Fyne the surface; hover stays invisible because an emulated
// pointer rests where the finger was.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch name {
	case fynetheme.ColorNameBackground:
		return Surface
	case fynetheme.ColorNameForeground:
		return Ink
	case fynetheme.ColorNameHover, fynetheme.ColorNameShadow:
		return color.Transparent
	case fynetheme.ColorNamePrimary:
		return Primary
	default:
		return t.Theme.Color(name, fynetheme.VariantLight)
	}
}

// Size gives Fyne no padding of its own: screens space themselves.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case fynetheme.SizeNamePadding, fynetheme.SizeNameInnerPadding:
		return 0
	case fynetheme.SizeNameText:
		return t.tokens.Body
	default:
		return t.Theme.Size(name)
	}
}

// Icons are the drawings, each in any of the theme's colours and at any size.
// Reading a drawing takes longer than painting all of a page, so each picture is
// made once.
type Icons struct {
	dir   fs.FS
	cache map[picture]image.Image
}

type picture struct {
	name string
	ink  color.NRGBA
	size fyne.Size
}

// NewIcons reads drawings from dir.
func NewIcons(dir fs.FS) *Icons { return &Icons{dir: dir, cache: map[picture]image.Image{}} }

// drawn is the one colour that the drawings use.
const drawn = "#0B5CAD"

// Draw returns the drawing name in colour ink, as large as w x h pixels allow, or
// nil if there is none.
func (i *Icons) Draw(name string, ink color.NRGBA, w, h float32) image.Image {
	p := picture{name, ink, fyne.NewSize(w, h)}
	img, ok := i.cache[p]
	if !ok {
		img = i.draw(p)
		i.cache[p] = img
	}
	return img
}

func (i *Icons) draw(p picture) image.Image {
	data, err := fs.ReadFile(i.dir, p.name+".svg")
	if err != nil {
		return nil
	}
	hex := fmt.Sprintf("#%02X%02X%02X", p.ink.R, p.ink.G, p.ink.B)
	svg := canvas.NewImageFromResource(fyne.NewStaticResource(fmt.Sprint(p, ".svg"), bytes.ReplaceAll(data, []byte(drawn), []byte(hex))))
	// An image that belongs to no window is drawn for a screen of twice the pixels.
	svg.Resize(fyne.NewSize(p.size.Width/2, p.size.Height/2))
	if svg.Image == nil {
		return nil
	}
	img := image.NewRGBA(svg.Image.Bounds()) // what the painter takes without converting it
	draw.Draw(img, img.Rect, svg.Image, img.Rect.Min, draw.Src)
	return img
}
