package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/panel"
	"leye/devices/speaker"
)

// touch has the technician touch the whole screen.
func (i *inspection) touch(ctx context.Context, l *acceptance.Line) error {
	r, err := i.tryScreen(ctx, panel.Touch)
	if err != nil {
		return i.screenFailure(ctx, l, err)
	}
	edges := 4 - len(r.MissedEdges)
	l.Add("size", fmt.Sprintf("%dx%d", r.Width, r.Height))
	l.Add("dots", fmt.Sprintf("%d/%d", r.Touched, r.Columns*r.Rows))
	l.Add("farthest", fmt.Sprintf("%d px", r.Farthest))
	l.Add("edges", fmt.Sprintf("%d/4", edges))
	l.Add("ghosts", fmt.Sprint(r.Ghosts))
	l.Add("stray", fmt.Sprint(r.Stray))
	switch {
	case r.Ended != "":
		l.Fail("触摸屏没有检查完", "the touch screen was not gone through", "ended: "+r.Ended)
	case len(r.Missed) > 0:
		cells := panel.List(r.Missed)
		l.Fail("这些点（列/行）点不动："+cells, "dots that feel nothing, column/row: "+cells, "")
	case len(r.MissedEdges) > 0:
		l.Fail("屏幕边缘点不动", "edges that feel nothing: "+strings.Join(r.MissedEdges, " "), "")
	case len(r.Off) > 0:
		cells := panel.List(r.Off)
		l.Fail("触摸位置偏差太大（列/行）："+cells, fmt.Sprintf("touches land more than %d px beside, column/row: %s", panel.Beside, cells), "")
	case r.Ghosts > 0:
		l.Fail("无人触摸时有误触", "it feels touches that nobody makes", "")
	}
	return nil
}

// display has the technician look at the picture.
func (i *inspection) display(ctx context.Context, l *acceptance.Line) error {
	r, err := i.tryScreen(ctx, panel.Display)
	if err != nil {
		return i.screenFailure(ctx, l, err)
	}
	size := fmt.Sprintf("%dx%d", r.Width, r.Height)
	l.Add("size", size)
	want := fmt.Sprintf("%dx%d", i.cfg.Display.Width, i.cfg.Display.Height)
	switch {
	case size != want:
		l.Fail("屏幕大小是 "+size+"，配置是 "+want, "the window is "+size+", the configuration says "+want, "")
	case r.Ended != "":
		l.Fail("显示屏没有检查完", "the display was not gone through", "ended: "+r.Ended)
	case !r.Even:
		l.Fail("有坏点、条纹或颜色不均", "points are dead, or colours uneven", "")
	case !r.Bright:
		l.Fail("亮度或灰度不合适", "it is not bright enough, or greys cannot be told apart", "")
	}
	l.Add("colours", fmt.Sprint(len(panel.Colours)))
	l.Add("confirmed", "staff 安装人员")
	return nil
}

func (i *inspection) screenFailure(ctx context.Context, l *acceptance.Line, err error) error {
	if ctx.Err() != nil || errors.Is(err, errSkipped) {
		return err
	}
	l.Fail("屏幕打不开", "nothing can be drawn on the screen", err.Error())
	return nil
}

// longestTrial is more than a whole screen takes with every time-out in it.
const longestTrial = 20 * time.Minute

// tryScreen runs the kiosk's program for one trial.
func (i *inspection) tryScreen(ctx context.Context, part panel.Part) (r panel.Result, err error) {
	program, err := i.drawer()
	if err != nil {
		return r, err
	}
	err = i.at.during(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, longestTrial)
		defer cancel()
		args := []string{"--try", string(part)}
		for _, c := range i.configs {
			args = append(args, "--config", c)
		}
		var out, errs bytes.Buffer
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.WaitDelay = 5 * time.Second
		cmd.Env = os.Environ()
		if os.Getenv("DISPLAY") == "" {
			cmd.Env = append(cmd.Env, "DISPLAY=:0")
		}
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("run %s: %w: %s", program, err, lastLine(errs.String()))
		}
		r, err = panel.Read(&out)
		return err
	})
	if err == nil && r.Part != part {
		err = fmt.Errorf("run %s: it tried %s", program, r.Part)
	}
	return r, err
}

// drawer is the program that draws: beside this one, or on the path.
func (i *inspection) drawer() (string, error) {
	if i.kiosk != "" {
		return i.kiosk, nil
	}
	if own, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(own), "kiosk")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	return exec.LookPath("kiosk")
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// card is the first sound card as ALSA names it, or empty.
func (i *inspection) card() string {
	text, err := os.ReadFile(filepath.Join(i.root, "proc/asound/cards"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if strings.HasPrefix(first, "---") { // "--- no soundcards ---"
		return ""
	}
	_, name, _ := strings.Cut(first, "]: ")
	return cmp.Or(strings.TrimSpace(name), first)
}

// sound plays what calls back whoever left a card, as the kiosk does, and asks whether
// it was heard. Where sounds are switched off, the loudspeaker is tried all the same.
func (i *inspection) sound(ctx context.Context, l *acceptance.Line) error {
	l.Add("adapter", i.card())
	to, call := i.cfg.Sound, speaker.CardLeft("zh")
	to.Volume = cmp.Or(to.Volume, config.Default().Sound.Volume)
	if err := newPlayer(to).Play(ctx, call); err != nil {
		l.Fail("放不出声音", "no sound can be played", err.Error())
		return ctx.Err()
	}
	l.Add("voice", fmt.Sprintf("%s, %d %%", call.Sentence, to.Volume))
	heard, err := i.at.confirm(ctx, "提示音和那句话都听清了吗？", "Did you hear the tones and the sentence clearly?")
	if err == nil && !heard {
		l.Fail("听不清声音", "the sound was not heard clearly", "")
	}
	i.seen(l)
	return err
}
