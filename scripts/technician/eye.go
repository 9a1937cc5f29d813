package main

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"time"

	"leye/scripts/internal/x11"
)

// The colours by which the screen is understood, and nothing else of it.
var (
	red  = color.RGBA{0xB4, 0x23, 0x18, 0xFF} // what is to be touched
	blue = color.RGBA{0x0B, 0x5C, 0xAD, 0xFF} // the button for yes
	full = []color.RGBA{{0xFF, 0, 0, 0xFF}, {0, 0xFF, 0, 0xFF}, {0, 0, 0xFF, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF}}
)

// eye looks at the display and touches what it sees there.
type eye struct {
	display *x11.Display
	dead    int    // number of the dot that it cannot touch; 0: none
	shot    string // where pictures of the screen go
	seen    int    // dots so far
	last    image.Rectangle
	shots   map[string]bool
}

// look is how long between two looks at the screen.
const look = 60 * time.Millisecond

func (e *eye) watch(ctx context.Context) error {
	e.shots = map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(look):
		}
		img, err := e.display.Picture()
		if err == nil {
			err = e.do(img)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// do touches what is on the picture. What it has touched is not touched again
// before it has gone: a screen may be slow.
func (e *eye) do(img *image.RGBA) error {
	dot, button := box(img, red), box(img, blue)
	switch {
	case !dot.Empty() && dot != e.last:
		e.last = dot
		if e.seen++; e.seen == e.dead {
			return e.keep("dead", img)
		}
		return errors.Join(e.keep("dot", img), e.tap(dot))
	case !dot.Empty():
		return nil
	case button.Dx() > 100 && button != e.last:
		e.last = button
		yes := image.Rect(button.Max.X-button.Dy(), button.Min.Y, button.Max.X, button.Max.Y) // no stands left of it, in the same ink
		return errors.Join(e.keep("question", img), e.tap(yes))
	case button.Dx() > 100:
		return nil
	case uniform(img):
		c := img.RGBAAt(1, 1)
		mark := image.Rect(int(c.R), int(c.G), int(c.R)+1, int(c.B)+1) // each colour once
		if mark == e.last {
			return nil
		}
		e.last = mark
		return e.tap(img.Bounds())
	}
	e.last = image.Rectangle{}
	return nil
}

func (e *eye) tap(r image.Rectangle) error {
	at := r.Min.Add(r.Size().Div(2))
	return e.display.Tap(at.X, at.Y)
}

// keep saves the first picture of a kind.
func (e *eye) keep(kind string, img image.Image) error {
	if e.shots[kind] {
		return nil
	}
	e.shots[kind] = true
	f, err := os.Create(e.shot + "-" + kind + ".png")
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}

// box is the smallest that holds every point of a colour.
func box(img *image.RGBA, c color.RGBA) image.Rectangle {
	var r image.Rectangle
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		row := img.Pix[(y-img.Rect.Min.Y)*img.Stride:]
		for x := range img.Rect.Dx() {
			if p := row[4*x : 4*x+3]; p[0] == c.R && p[1] == c.G && p[2] == c.B {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

// uniform reports whether the whole picture is one of the colours, or black: but
// a display that shows nothing is black too, so black counts only after white.
func uniform(img *image.RGBA) bool {
	c := img.RGBAAt(1, 1)
	known := c == color.RGBA{0, 0, 0, 0xFF}
	for _, f := range full {
		known = known || c == f
	}
	return known && box(img, c) == img.Rect && count(img, c) == img.Rect.Dx()*img.Rect.Dy()
}

func count(img *image.RGBA, c color.RGBA) int {
	n := 0
	for i := 0; i+3 < len(img.Pix); i += 4 {
		if img.Pix[i] == c.R && img.Pix[i+1] == c.G && img.Pix[i+2] == c.B {
			n++
		}
	}
	return n
}
