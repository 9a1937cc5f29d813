package idcardtest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	idcardtest.RunReaderInBubble(t, func(*testing.T) idcardtest.Rig {
		r := new(idcardtest.Reader)
		return idcardtest.Rig{
			Reader:   r,
			Lay:      func(name string) { r.Lay(idcardtest.Load().Card(name).Value()) },
			LayOther: r.LayOther,
			Take:     r.Take,
		}
	})
}

func TestVectorsBuildTheirOwnCards(t *testing.T) {
	v := idcardtest.Load()
	if len(v.Cards) != 16 || len(v.Requests) != 15 || len(v.Responses) != 27 || len(v.Streams) != 11 || len(v.Numbers) != 35 || len(v.Dialogues) != 9 {
		t.Fatal("vectors.json lost a part")
	}
	for _, c := range v.Cards {
		if difference := c.Differs(c.Value()); difference != "" {
			t.Errorf("%s: %s", c.Name, difference)
		}
	}
}

func TestDiffersSeesEveryKey(t *testing.T) {
	for _, v := range idcardtest.Load().Cards {
		card := v.Value()
		for key := range v.Expect {
			if key == "type_marker" || key == "sex" || key == "ethnic" {
				continue // follow from other keys
			}
			other := idcardtest.Card{Name: v.Name, Expect: map[string]any{}}
			for k, want := range v.Expect {
				other.Expect[k] = want
			}
			other.Expect[key] = "something else"
			if other.Differs(card) == "" {
				t.Errorf("%s: a wrong %s is not seen", v.Name, key)
			}
			delete(other.Expect, key)
			if other.Differs(card) == "" {
				t.Errorf("%s: a needless %s is not seen", v.Name, key)
			}
		}
	}
}

func TestFaultOfTheDevicePasses(t *testing.T) {
	var r idcardtest.Reader
	var told []idcard.Progress
	r.SetProgress(func(p idcard.Progress) { told = append(told, p) })
	pulled := errors.New("pulled out")
	r.Fail(pulled)
	if _, err := r.Read(t.Context()); !errors.Is(err, pulled) {
		t.Errorf("read: %v", err)
	}
	r.Fail(pulled)
	if _, err := r.Present(t.Context()); !errors.Is(err, pulled) {
		t.Errorf("present: %v", err)
	}
	r.Lay(idcardtest.Load().Card("hmt_macao").Value())
	if c, err := r.Read(t.Context()); err != nil || c.Kind != idcard.HKMTPermit {
		t.Errorf("after the fault: %v, %v", c, err)
	}
	if want := []idcard.Progress{idcard.Offline, idcard.Waiting, idcard.Reading}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// broken are readers that each break one promise.
var broken = map[string]func(*idcardtest.Reader) idcard.Reader{
	"another card":       func(r *idcardtest.Reader) idcard.Reader { return anotherCard{r} },
	"present for ever":   func(r *idcardtest.Reader) idcard.Reader { return alwaysPresent{r} },
	"deaf to context":    func(r *idcardtest.Reader) idcard.Reader { return deaf{r} },
	"silent about state": func(r *idcardtest.Reader) idcard.Reader { return silent{r} },
	"same card again":    func(r *idcardtest.Reader) idcard.Reader { return &again{Reader: r} },
}

type (
	anotherCard   struct{ *idcardtest.Reader }
	alwaysPresent struct{ *idcardtest.Reader }
	deaf          struct{ *idcardtest.Reader }
	silent        struct{ *idcardtest.Reader }
	again         struct {
		*idcardtest.Reader
		last *idcard.Card
	}
)

func (r anotherCard) Read(ctx context.Context) (idcard.Card, error) {
	c, err := r.Reader.Read(ctx)
	c.Name += "二"
	return c, err
}

func (alwaysPresent) Present(context.Context) (bool, error) { return true, nil }

func (r deaf) Read(ctx context.Context) (idcard.Card, error) {
	c, err := r.Reader.Read(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	return c, err
}

func (silent) SetProgress(func(idcard.Progress)) {}

func (r *again) Read(ctx context.Context) (idcard.Card, error) {
	if here, _ := r.Present(ctx); here && r.last != nil {
		return *r.last, nil
	}
	c, err := r.Reader.Read(ctx)
	r.last = &c
	return c, err
}

const brokenReader = "LEYE_BROKEN_READER"

// TestSuiteFindsBrokenReaders runs the suite on each of them in a process of its own,
// which must fail.
func TestSuiteFindsBrokenReaders(t *testing.T) {
	if name := os.Getenv(brokenReader); name != "" {
		idcardtest.RunReaderInBubble(t, func(*testing.T) idcardtest.Rig {
			r := new(idcardtest.Reader)
			return idcardtest.Rig{
				Reader: broken[name](r),
				Lay:    func(name string) { r.Lay(idcardtest.Load().Card(name).Value()) },
				Take:   r.Take,
			}
		})
		return
	}
	for name := range broken {
		self := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuiteFindsBrokenReaders$")
		self.Env = append(os.Environ(), brokenReader+"="+name)
		if out, err := self.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: TestSuiteFindsBrokenReaders/") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
