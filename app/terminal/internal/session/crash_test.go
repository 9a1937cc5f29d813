package session_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/devices/idcard"
)

// envCrash names the way in which a child process is to end.
const envCrash = "SESSION_TEST_CRASH"

// TestACrashNamesNobody ends real processes in the middle of a visit, in the ways in
// which Go programs end, and reads what they leave on their standard error.
func TestACrashNamesNobody(t *testing.T) {
	if how := os.Getenv(envCrash); how != "" {
		crash(how, secretState())
	}
	for _, how := range []string{"panic with a visit", "panic with an error about it", "nil pointer", "out of range", "map in two goroutines"} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestACrashNamesNobody$")
		child.Env = append(os.Environ(), envCrash+"="+how, "GOTRACEBACK=all")
		said, err := child.CombinedOutput()
		if err == nil || !strings.Contains(string(said), "goroutine ") {
			t.Errorf("%s: no crash: %v\n%s", how, err, said)
		}
		if found := recognised(string(said)); found != "" {
			t.Errorf("%s shows %s:\n%s", how, found, said)
		}
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestACrashNamesNobody$")
	child.Env = append(os.Environ(), envCrash+"=control")
	if said, _ := child.CombinedOutput(); recognised(string(said)) == "" {
		t.Errorf("the control shows nothing:\n%s", said)
	}
}

// secretState is a visit full of the planted.
func secretState() session.State {
	r := kiosk.Resident{Name: planted, Number: planted, Address: planted, Birth: planted}
	return session.State{
		Stage: session.Filling, Resident: &r, Query: planted, Answers: form.Answers{"id_no": form.Text(planted), "skills": form.List(planted)},
		Case:   &session.Case{Number: planted, Applicant: planted},
		Filing: &session.Filing{Resident: &r, App: kiosk.Application{Answers: []byte(planted)}},
	}
}

//go:noinline
func crash(how string, st session.State) {
	deeper(how, st, *st.Resident, st.Answers, idcard.Number(planted), st.Filing.App)
}

//go:noinline
func deeper(how string, st session.State, r kiosk.Resident, a form.Answers, n idcard.Number, app kiosk.Application) {
	var none *kiosk.Resident
	list := []string{r.Name}
	switch how {
	case "panic with a visit":
		panic(st)
	case "panic with an error about it":
		panic(fmt.Errorf("file %v of %v with %v, %v: %w", st, r, a, n, errors.New(app.String())))
	case "nil pointer":
		list[0] = none.Name
	case "out of range":
		list[len(a)+len(n)] = r.Number
	case "map in two goroutines":
		for range 8 {
			go func() {
				for {
					a[string(n)] = form.Text(r.Name)
				}
			}()
		}
		select {}
	case "control":
		panic(r.Name)
	}
}
