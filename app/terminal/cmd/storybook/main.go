// Storybook draws every screen of the terminal with prepared data, for people
// who design, translate or review: no device, no queue, no display needed.
package main

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui"
	"leye/app/terminal/internal/ui/story"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
)

const usage = `storybook draws every screen of the terminal with prepared data.

Usage:
  storybook --shots DIR [--lang zh|en] [--elder] [--reach] [--landscape] [--only NAME]

Examples:
  storybook --shots shots                    all screens, Chinese, standard size
  storybook --shots shots --lang en --elder  in English and large
  storybook --list                           names of the screens

Exit codes: 0 all written, 1 something failed, 2 wrong usage.
`

type options struct {
	shots, lang, only       string
	elder, reach, landscape bool
	list                    bool
}

// size is the screen's, in pixels.
func (o options) size() image.Point {
	if o.landscape {
		return image.Pt(1920, 1080)
	}
	return image.Pt(1080, 1920)
}

func main() {
	var o options
	flag.StringVar(&o.shots, "shots", "", "folder to write pictures to")
	flag.StringVar(&o.lang, "lang", "zh", "language: zh or en")
	flag.StringVar(&o.only, "only", "", "draw only screens whose name contains this")
	flag.BoolVar(&o.elder, "elder", false, "large type")
	flag.BoolVar(&o.reach, "reach", false, "controls in the lower band")
	flag.BoolVar(&o.landscape, "landscape", false, "1920 x 1080 instead of 1080 x 1920")
	flag.BoolVar(&o.list, "list", false, "list the screens")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if !o.list && o.shots == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "storybook:", err)
		os.Exit(1)
	}
}

// deaf takes intents and does nothing: stories do not move.
type deaf struct{}

func (deaf) Do(session.Intent) {}
func (deaf) Press(_, _ int)    {}
func (deaf) Skip()             {}
func (deaf) Back()             {}
func (deaf) Stop()             {}
func (deaf) Answer(bool)       {}

func run(o options) error {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return err
	}
	policies, err := policy.Load(assets.Policies())
	if err != nil {
		return err
	}
	stories, err := story.Tell(cat, policies)
	if err != nil {
		return err
	}
	if o.list {
		for _, s := range stories {
			fmt.Println(s.Name)
		}
		for _, s := range story.Trials(o.size()) {
			fmt.Println(s.Name)
		}
		return nil
	}
	return draw(o, cat, policies, stories)
}

func draw(o options, cat *catalogue.Catalogue, policies *policy.Library, stories []story.Story) error {
	texts, err := text.Load(assets.Text())
	if err != nil {
		return err
	}
	faces, err := theme.New(assets.Font(), theme.Standard)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.shots, 0o755); err != nil {
		return err
	}
	a := test.NewApp()
	defer a.Quit()
	a.Settings().SetTheme(faces)
	size := fyne.NewSize(float32(o.size().X), float32(o.size().Y))
	for n, s := range stories {
		if !strings.Contains(s.Name, o.only) {
			continue
		}
		w := a.NewWindow(s.Name)
		u := ui.New(ui.Config{
			App: a, Window: w, Theme: faces, Icons: theme.NewIcons(assets.Icon()), Texts: texts, Catalogue: cat, Policies: policies,
			Place: story.Place, Kept: story.Kept, Visit: deaf{}, Now: func() time.Time { return story.Day },
		})
		w.Resize(size)
		st := s.State
		st.Language, st.Elder, st.Reach = o.lang, o.elder, o.reach
		u.Show(st)
		if s.Edit != "" {
			u.Edit(s.Edit)
		}
		if err := save(w, filepath.Join(o.shots, fmt.Sprintf("%02d-%s.png", n+1, s.Name))); err != nil {
			return err
		}
		w.Close()
	}
	return drawTrials(o, a, texts, len(stories))
}

// drawTrials draws what technicians see; it has one size of type.
func drawTrials(o options, a fyne.App, texts text.Bundle, before int) error {
	if o.elder || o.reach {
		return nil
	}
	for n, s := range story.Trials(o.size()) {
		if !strings.Contains(s.Name, o.only) {
			continue
		}
		w := a.NewWindow(s.Name)
		t := ui.NewTrial(ui.TrialConfig{Window: w, Icons: theme.NewIcons(assets.Icon()), Texts: texts, Language: o.lang, Trier: deaf{}})
		w.Resize(fyne.NewSize(float32(o.size().X), float32(o.size().Y)))
		t.Show(s.View)
		if err := save(w, filepath.Join(o.shots, fmt.Sprintf("%02d-%s.png", before+n+1, s.Name))); err != nil {
			return err
		}
		w.Close()
	}
	return nil
}

func save(w fyne.Window, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := png.Encode(f, w.Canvas().Capture()); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
