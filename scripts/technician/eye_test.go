package main

import (
	"image"
	"image/color"
	"image/draw"
	"testing"
)

func painted(ground color.Color, marks map[image.Rectangle]color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 200, 300))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for r, c := range marks {
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func TestTheEyeFindsWhatIsToBeTouched(t *testing.T) {
	dot := image.Rect(40, 50, 96, 106)
	if got := box(painted(color.White, map[image.Rectangle]color.Color{dot: red}), red); got != dot {
		t.Errorf("dot at %v", got)
	}
	if got := box(painted(color.White, nil), red); !got.Empty() {
		t.Errorf("dot at %v of an empty screen", got)
	}
	for _, c := range full {
		if !uniform(painted(c, nil)) {
			t.Errorf("%v is not seen", c)
		}
		if uniform(painted(c, map[image.Rectangle]color.Color{image.Rect(9, 9, 10, 10): red})) {
			t.Errorf("%v with a point in it is seen as one colour", c)
		}
	}
	if uniform(painted(color.RGBA{0xF5, 0xF7, 0xFA, 0xFF}, nil)) {
		t.Error("an empty page is taken for a colour")
	}
}
