package story

import (
	"image"

	"leye/app/terminal/internal/panel"
)

// TrialStory is one screen of the trial of a screen.
type TrialStory struct {
	Name string
	View panel.View
}

// Trials makes the stories of both trials on a screen of this size.
func Trials(size image.Point) []TrialStory {
	touch := panel.New(panel.Touch, size, Day)
	stories := []TrialStory{{"trial-first", touch.View(Day)}}
	press := func(skipped bool) {
		at := touch.View(Day).Now
		if skipped {
			touch.Skip(Day)
			return
		}
		touch.Press(at.X, at.Y, Day)
	}
	for n := 1; touch.View(Day).Stage == panel.Target; n++ {
		if n == 19 || n == 22 || n == 40 {
			stories = append(stories, TrialStory{"trial-dot-" + string(rune('0'+len(stories))), touch.View(Day)})
		}
		press(n == 7 || n == 8)
	}
	for touch.View(Day).Stage == panel.Edge {
		stories = append(stories, TrialStory{"trial-edge-" + touch.View(Day).Edge, touch.View(Day)})
		press(false)
	}
	stories = append(stories, TrialStory{"trial-still", touch.View(Day)})
	display := panel.New(panel.Display, size, Day)
	stories = append(stories, TrialStory{"trial-colour", display.View(Day)})
	for display.View(Day).Stage == panel.Colour {
		display.Press(1, 1, Day)
	}
	stories = append(stories, TrialStory{"trial-even", display.View(Day)})
	display.Answer(true, Day)
	stories = append(stories, TrialStory{"trial-bright", display.View(Day)})
	display.Answer(true, Day)
	return append(stories, TrialStory{"trial-ended", display.View(Day)})
}
