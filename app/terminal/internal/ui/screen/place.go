package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// stackBottom lays middle between the top and a bottom that keeps its height.
func stackBottom(ground, middle, bottom fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(ground, container.New(frameLayout{bottom: 1}, middle, bottom))
}
