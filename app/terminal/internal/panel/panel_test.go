package panel

import (
	"bytes"
	"encoding/json"
	"image"
	"reflect"
	"testing"
	"time"
)

var (
	begin    = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	standing = image.Pt(1080, 1920)
)

// finger touches what is shown, by dx beside it, but for the dots that feel nothing.
func finger(t *Trial, dead map[Cell]bool, dx int, now time.Time) {
	for !t.Over() {
		v := t.View(now)
		switch {
		case v.Stage == Still:
			now = now.Add(time.Second)
			t.Tick(now)
		case v.Stage == Even || v.Stage == Bright:
			t.Answer(true, now)
		case v.Stage == Target && dead[t.now().cell]:
			t.Skip(now)
		case v.Stage == Edge:
			t.Press(v.Now.X, v.Now.Y, now)
		default:
			t.Press(v.Now.X+dx, v.Now.Y, now)
		}
	}
}

func TestAWholeScreenIsGoneThrough(t *testing.T) {
	for _, size := range []image.Point{standing, {1920, 1080}, {1024, 768}} {
		trial := New(Touch, size, begin)
		corners := map[image.Point]bool{}
		for _, s := range trial.steps {
			if !s.centre.In(image.Rectangle{Max: size}) {
				t.Errorf("%v: %v lies outside", size, s)
			}
			corners[s.centre] = true
		}
		for _, c := range []image.Point{{Inset, Inset}, {size.X - Inset, Inset}, {Inset, size.Y - Inset}, {size.X - Inset, size.Y - Inset}} {
			if !corners[c] {
				t.Errorf("%v: no dot in corner %v", size, c)
			}
		}
		finger(trial, nil, 7, begin)
		r := trial.Result()
		if r.Touched != 40 || len(r.Missed)+len(r.Off)+len(r.MissedEdges)+r.Stray+r.Ghosts != 0 || r.Farthest != 7 || r.Ended != "" {
			t.Errorf("%v: %+v", size, r)
		}
	}
}

func TestDeadDotsAndEdgesAreNamed(t *testing.T) {
	trial := New(Touch, standing, begin)
	dead := map[Cell]bool{{5, 8}: true, {2, 2}: true}
	for !trial.Over() && trial.View(begin).Stage == Target {
		v := trial.View(begin)
		if dead[trial.now().cell] {
			trial.Skip(begin)
			continue
		}
		trial.Press(v.Now.X, v.Now.Y, begin)
	}
	trial.Press(Strip+1, 900, begin) // the left edge feels nothing at its very edge
	trial.Skip(begin)
	finger(trial, nil, 0, begin)
	r := trial.Result()
	if List(r.Missed) != "2/2 5/8" || !reflect.DeepEqual(r.MissedEdges, []string{"left"}) || r.Stray != 1 || r.Touched != 38 {
		t.Errorf("%+v", r)
	}
}

func TestTouchesBesideTheirDots(t *testing.T) {
	trial := New(Touch, standing, begin)
	finger(trial, nil, Beside, begin)
	if r := trial.Result(); len(r.Off) != 0 || r.Farthest != Beside {
		t.Errorf("%+v", r)
	}
	trial = New(Touch, standing, begin)
	finger(trial, nil, Beside+1, begin)
	if r := trial.Result(); len(r.Off) != 40 || r.Farthest != Beside+1 {
		t.Errorf("%+v", r)
	}
	trial = New(Touch, standing, begin)
	trial.Press(standing.X/2, standing.Y/2, begin)
	if r := trial.Result(); r.Stray != 1 || r.Touched != 0 || r.Ended != Left {
		t.Errorf("%+v", r)
	}
}

func TestGhostsAreCountedOnceItIsStill(t *testing.T) {
	trial := New(Touch, standing, begin)
	for trial.View(begin).Stage != Still {
		v := trial.View(begin)
		trial.Press(v.Now.X, v.Now.Y, begin)
	}
	trial.Press(5, 5, begin.Add(settle/2)) // the finger bounces
	if v := trial.View(begin); v.Left != 6 {
		t.Errorf("%+v", v)
	}
	trial.Press(5, 5, begin.Add(settle))
	trial.Tick(begin.Add(settle + Watch - 1))
	if trial.Over() {
		t.Fatal("it ended too early")
	}
	trial.Tick(begin.Add(settle + Watch))
	if r := trial.Result(); r.Ghosts != 1 || r.Ended != "" {
		t.Errorf("%+v", r)
	}
}

func TestNobodyIsThere(t *testing.T) {
	trial, now := New(Touch, standing, begin), begin
	for range mostIdle {
		if trial.Over() {
			t.Fatal("it gave up too early")
		}
		trial.Tick(now.Add(patience - 1))
		now = now.Add(patience)
		trial.Tick(now)
	}
	if r := trial.Result(); r.Ended != Nobody || len(r.Missed) != 40 {
		t.Errorf("%+v", r)
	}
	picture := New(Display, standing, begin)
	picture.Tick(begin.Add(longer))
	if r := picture.Result(); r.Ended != Nobody || r.Even || r.Bright {
		t.Errorf("%+v", r)
	}
}

func TestBackDoesAStepAgain(t *testing.T) {
	trial := New(Touch, standing, begin)
	trial.Back(begin)
	trial.Skip(begin)
	trial.Back(begin)
	finger(trial, nil, 0, begin)
	if r := trial.Result(); len(r.Missed) != 0 {
		t.Errorf("%+v", r)
	}
	picture := New(Display, standing, begin)
	for picture.View(begin).Stage == Colour {
		picture.Press(1, 1, begin)
	}
	picture.Answer(true, begin)
	picture.Back(begin)
	picture.Answer(false, begin)
	picture.Answer(true, begin)
	if r := picture.Result(); r.Even || !r.Bright || r.Ended != "" {
		t.Errorf("%+v", r)
	}
	picture.Stop()
	picture.Back(begin)
	if picture.Result().Ended != "" {
		t.Error("what is over was ended again")
	}
}

func TestResultsComeBack(t *testing.T) {
	for _, part := range []Part{Touch, Display} {
		trial := New(part, standing, begin)
		finger(trial, map[Cell]bool{{1, 1}: true}, 3, begin)
		want := trial.Result()
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Read(bytes.NewReader(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, wrong := range []string{``, `{}`, `{"version":2,"part":"touch","width":1,"height":1,"columns":1,"rows":1,"touched":1}`,
		`{"version":1,"part":"touch","width":1,"height":1,"columns":2,"rows":1,"touched":1}`,
		`{"version":1,"part":"touch","width":1,"height":1}`, `{"version":1,"part":"sound","width":1,"height":1}`,
		`{"version":1,"part":"display","width":1,"height":1,"colour":true}`,
	} {
		if r, err := Read(bytes.NewReader([]byte(wrong))); err == nil {
			t.Errorf("%s was read as %+v", wrong, r)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, part := range []Part{Touch, Display} {
		trial := New(part, standing, begin)
		finger(trial, map[Cell]bool{{1, 1}: true}, 3, begin)
		text, err := json.Marshal(trial.Result())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"version":1,"part":"touch","columns":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(bytes.NewReader(data))
		if err == nil && (r.Touched+len(r.Missed) != r.Columns*r.Rows || r.Farthest < 0) {
			t.Errorf("%q was read as %+v", data, r)
		}
	})
}
