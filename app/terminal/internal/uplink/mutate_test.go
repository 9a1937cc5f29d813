package uplink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

// values stand in the place of a right one: of every other kind, empty, too long,
// and what a printer or a page would take for a command.
func values(right string) []string {
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	return []string{
		"null", "0", "-1e400", "true", "[]", "{}", `""`, quoted(right + " "), quoted(strings.ToUpper(right) + "_"), quoted(right[:len(right)/2]),
		quoted("\x1b@\x00\x1d(V"), quoted("\u202e" + right), quoted(strings.Repeat("长", 20_000)), `"\ud800"`, strings.Repeat("[", 5000), quoted("9999-12-31T23:59:60Z"),
	}
}

// mutations are what a right acknowledgement may be made into: each of its values
// by each of values, without each of its keys, with each of them twice, cut off, and
// whole other documents.
func mutations(t *testing.T, right string) []string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(right), &fields); err != nil {
		t.Fatal(err)
	}
	all := []string{
		"", " ", "null", "0", "true", `""`, "[]", "{}", "[" + right + "]", right + right, "\ufeff" + right, "<html>" + right, right + "}",
		`{"id":` + strings.Repeat(`{"a":`, 9000), strings.Repeat(" ", 70_000) + right,
	}
	for key, value := range fields {
		was := fmt.Sprintf("%q:%s", key, value)
		with := func(s string) string { return strings.Replace(right, was, s, 1) }
		for _, v := range values(strings.Trim(string(value), `"`)) {
			all = append(all, with(fmt.Sprintf("%q:%s", key, v)))
		}
		all = append(all, with(fmt.Sprintf("%q:%s", key+"_", value)), with(was+","+fmt.Sprintf("%q:%q", key, "x")))
	}
	for at := 1; at < len(right); at += 7 {
		all = append(all, right[:at])
	}
	return all
}

// TestMutatedAnswersDeleteNothing answers one entry with one mutation after
// another; only the right acknowledgement at the end is taken.
func TestMutatedAnswersDeleteNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := prooftest.New(t)
		queue := openQueue(t)
		id := put(t, queue, 1)
		d := newDistrict(ca)
		var wrong []string
		told := 0
		d.answer = func(r *http.Request, body []byte) (int, string) {
			a := truth(r, body)
			a.Signature = vouched(a).Sign(ca.Answers)
			text, err := json.Marshal(a)
			if err != nil {
				t.Error(err)
			}
			if wrong == nil {
				wrong = mutations(t, string(text))
			}
			if told++; told > len(wrong) {
				return http.StatusCreated, string(text)
			}
			if e, err := queue.Get(t.Context(), id); err != nil || e.State != kiosk.InFlight || !e.Readable {
				t.Errorf("after %d answers it is %s, readable %v, %v; the last was %.60q", told-1, e.State, e.Readable, err, wrong[max(0, told-2)])
			}
			return http.StatusOK + told%2, wrong[told-1]
		}
		u := d.open(t, newBadge(t, ca), nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		watched, err := queue.Watch(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			ended <- relay.New(relay.Config{Queue: queue, Sender: u, Check: u.Check, Rand: func() float64 { return 0.5 }}).Run(ctx)
		}()
		for e := range watched {
			if e.State == kiosk.Accepted || e.State == kiosk.Parked {
				break
			}
		}
		e, err := queue.Get(t.Context(), id)
		if err != nil || e.State != kiosk.Accepted || e.Ack == nil || told != len(wrong)+1 || len(wrong) < 200 {
			t.Errorf("after %d of %d mutations it is %s, %v", told, len(wrong), e.State, err)
		}
		t.Logf("%d mutated answers, none taken; then the right one was", len(wrong))
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
