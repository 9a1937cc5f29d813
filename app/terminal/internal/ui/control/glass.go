package control

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Glass is an invisible surface that tells where it is pressed, in pixels from
// its corner.
type Glass struct {
	widget.BaseWidget
	press func(x, y int)
}

var _ desktop.Mouseable = (*Glass)(nil)

// NewGlass makes one.
func NewGlass(press func(x, y int)) *Glass {
	g := &Glass{press: press}
	g.ExtendBaseWidget(g)
	return g
}

// MouseDown is Fyne's call for a finger that comes down.
func (g *Glass) MouseDown(e *desktop.MouseEvent) { g.press(int(e.Position.X), int(e.Position.Y)) }

// MouseUp is Fyne's too.
func (g *Glass) MouseUp(*desktop.MouseEvent) {}

// CreateRenderer is Fyne's.
func (g *Glass) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}
