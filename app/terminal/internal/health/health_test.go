package health_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leye/app/terminal/internal/health"
	"leye/app/terminal/internal/kiosk"
)

// codes are the constants of package kiosk, out of its source.
func codes(t *testing.T) []kiosk.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../kiosk/code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []kiosk.Code
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, value := range v.Values {
				code, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, kiosk.Code(code))
			}
		}
		return true
	})
	return list
}

func TestEveryCodeIsDeclaredOnceAndInOrder(t *testing.T) {
	var declared []kiosk.Code
	for _, c := range health.Conditions() {
		declared = append(declared, c.Code)
		for _, s := range []string{c.Text.ZH, c.Text.EN, c.Next.ZH, c.Next.EN} {
			if s == "" || strings.HasSuffix(s, ".") {
				t.Errorf("%s says %q", c.Code, s)
			}
		}
		// The contract takes no longer text in a heartbeat.
		if n := len([]rune(c.Text.ZH)) + len([]rune(c.Text.EN)); n > 200 {
			t.Errorf("%s: %d characters", c.Code, n)
		}
	}
	want := codes(t)
	slices.Sort(want)
	if len(want) < 20 || !slices.Equal(declared, want) {
		t.Errorf("declared %v\nwant     %v", declared, want)
	}
}

func TestBoardKeepsWhatStands(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, kiosk.China)
	var b health.Board
	if b.Clear(kiosk.CodePaperOut) || len(b.Snapshot()) != 0 {
		t.Error("an empty board has something on it")
	}
	for i, s := range []struct {
		code kiosk.Code
		news bool
	}{
		{kiosk.CodePaperNearEnd, true},
		{kiosk.CodeStoreFull, true},
		{kiosk.CodePaperOut, true},
		{kiosk.CodePaperOut, false},
		{"K-000", false},
	} {
		if got := b.Set(s.code, noon.Add(time.Duration(i)*time.Minute)); got != s.news {
			t.Errorf("step %d: Set(%s) = %v", i, s.code, got)
		}
	}
	raised := b.Snapshot()
	want := []kiosk.Code{kiosk.CodePaperOut, kiosk.CodeStoreFull, kiosk.CodePaperNearEnd}
	if len(raised) != len(want) {
		t.Fatalf("%d conditions stand, want %d", len(raised), len(want))
	}
	for i, r := range raised {
		if r.Code != want[i] {
			t.Errorf("%d: %s, want %s", i, r.Code, want[i])
		}
	}
	if !raised[0].Since.Equal(noon.Add(2 * time.Minute)) {
		t.Errorf("raised again, it stands since %v", raised[0].Since)
	}
	if !b.Clear(kiosk.CodePaperOut, kiosk.CodeStoreFull) || len(b.Snapshot()) != 1 {
		t.Error("cleared conditions still stand")
	}
	if len(raised) != 3 {
		t.Error("a snapshot changed afterwards")
	}
}
