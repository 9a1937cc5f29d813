package form_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/form/formtest"
	"leye/assets"
)

// TestEveryServiceCanBeAnswered fills all services at random, many times, the
// way a person does: question by question. None may reach a dead end.
func TestEveryServiceCanBeAnswered(t *testing.T) {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("CST", 8*3600))
	for _, svc := range cat.Services() {
		f, err := form.Compile(cat, svc.ID, day)
		if err != nil {
			t.Errorf("%s: %v", svc.ID, err)
			continue
		}
		for seed := range uint64(20) {
			answers, err := formtest.Random(rand.New(rand.NewPCG(seed, 7)), f)
			if err != nil {
				t.Errorf("%s, seed %d: %v", svc.ID, seed, err)
				continue
			}
			if p := form.Blocking(f.CheckAll(answers)); len(p) > 0 {
				t.Errorf("%s, seed %d: %v", svc.ID, seed, p)
			}
		}
	}
}

// TestWrongAnswerIsRefused is the control: one broken answer is found.
func TestWrongAnswerIsRefused(t *testing.T) {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	f, err := form.Compile(cat, "flexible-employment-registration", day)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := formtest.Random(rand.New(rand.NewPCG(1, 7)), f)
	if err != nil {
		t.Fatal(err)
	}
	answers["mobile"] = form.Text("12345")
	if p := form.Blocking(f.CheckAll(answers)); fmt.Sprint(p) != "[mobile phone]" && len(p) != 1 {
		t.Errorf("problems: %v, want the mobile only", p)
	}
}
