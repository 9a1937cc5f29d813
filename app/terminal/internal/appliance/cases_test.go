package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/uplink"
	"leye/devices/printer"
	"leye/devices/sim"
)

// What a central answers becomes what the visit says, with the code for staff.
func TestWhatTheCentralSaysOfACaseIsTold(t *testing.T) {
	const number = "000-417-261124-0001-5"
	for status, want := range map[int]string{
		200: "job-search", 404: session.ErrNoCase.Error(), 429: "closed for 7m0s", 401: "K-303", 403: "K-303", 500: "K-302", 503: "K-302", 0: "K-301",
	} {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			body := fmt.Sprintf(`{"number":%q,"service":"job-search","state":"answered"}`, number)
			if status != 200 {
				w.Header().Set("Content-Type", api.ProblemType)
				code := map[int]api.ProblemCode{404: api.ProblemCodeCaseNotFound, 429: api.ProblemCodeTooManyTries}[status]
				body = fmt.Sprintf(`{"status":%d,"code":%q}`, status, code)
			}
			w.Header().Set("Retry-After", "420")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		line, err := uplink.New(uplink.Config{Base: h.URL})
		fatal(t, err)
		c, err := cases{line: line}.Case(t.Context(), number, "402913")
		got := c.Service
		var coded *failure
		switch {
		case errors.As(err, &coded):
			got = string(coded.Code())
		case err != nil:
			got = strings.TrimPrefix(err.Error(), "the case is ")
		}
		if got != want {
			t.Errorf("%d: %q, %v, want %q", status, got, err, want)
		}
		fatal(t, line.Close())
		h.Close()
	}
}

// The queue is asked by what stands on the slip.
func TestWhatWaitsHereIsFoundByItsReference(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db, err := store.Open(ctx, filepath.Join(dir, store.FileName), store.Options{})
	fatal(t, err)
	defer db.Close()
	own, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	fatal(t, err)
	queue, err := outbox.New(ctx, db, outbox.Options{Terminal: "PT01", Seal: seal.New(own)})
	fatal(t, err)
	app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "job-search", Terminal: "PT01", Answers: []byte(`{}`)}
	fatal(t, (&submitter{queue}).Put(ctx, &app))
	asked := cases{queue: queue}
	for ref, want := range map[kiosk.Reference]kiosk.State{app.Reference: kiosk.Pending, "PT01-0101-9999-2": ""} {
		if got, err := asked.Held(ctx, ref); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", ref, got, err, want)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	var coded *failure
	if _, err := asked.Held(ended, app.Reference); !errors.As(err, &coded) || coded.Code() != kiosk.CodeStoreFailing {
		t.Errorf("without a store: %v", err)
	}
}

// A progress sheet says what was told and when, counts its paper and leaves no record.
func TestAProgressSheetIsPrintedAndNotRecorded(t *testing.T) {
	device := sim.NewPrinter(sim.PrinterConfig{Speed: 3000})
	p, err := openQuick(plug(t, device), false)
	fatal(t, err)
	defer p.Close()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, store.FileName), store.Options{})
	fatal(t, err)
	defer db.Close()
	s, err := newSlips(db, p)
	fatal(t, err)
	_, err = s.Status(t.Context())
	fatal(t, err)
	c := session.Case{
		Number: "000-417-261124-0001-5", Applicant: "李*样", Matter: catalogue.Text{ZH: "灵活就业登记", EN: "Flexible employment registration"},
		Stands: catalogue.Text{ZH: "已受理", EN: "Accepted"}, Due: "2026-12-08", Desk: "就业服务窗口", At: filedAt,
		Steps: []session.Step{{At: filedAt.Add(-30 * time.Hour), What: catalogue.Text{ZH: "已提交", EN: "Submitted"}}},
	}
	proof, err := s.PrintCase(t.Context(), "zh", c)
	if err != nil || proof < printer.Processed {
		t.Fatalf("%v, %v", proof, err)
	}
	paper := strings.Join(strings.Fields(device.Text()), "") // which is narrow and breaks words
	for _, want := range []string{
		"办件编号 000-417-261124-0001-5", "申请人 李*样", "现在 已受理", "2026-11-23 已提交", "最晚 2026-12-08", "就业服务窗口", "查询时间 2026-11-24 10:00:00",
	} {
		if !strings.Contains(paper, strings.ReplaceAll(want, " ", "")) {
			t.Errorf("%q is not on\n%s", want, device.Text())
		}
	}
	roll, err := s.ledger.Roll(t.Context())
	if err != nil || roll.Fed < 80 {
		t.Errorf("paper fed: %d mm, %v", roll.Fed, err)
	}
	kept, err := s.ledger.List(t.Context(), slip.Filter{})
	if err != nil || len(kept) != 0 {
		t.Errorf("%d records, %v", len(kept), err)
	}
	files, err := os.ReadDir(dir)
	fatal(t, err)
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(dir, file.Name()))
		fatal(t, err)
		for _, word := range []string{c.Number, c.Applicant} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s is kept in %s", word, file.Name())
			}
		}
	}
}
