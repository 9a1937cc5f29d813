package server

import (
	"encoding/json"
	"slices"
	"testing"

	"leye/app/api"
	"leye/app/proof"
)

// FuzzHeartbeat holds that what is taken of a heartbeat is within its bounds, and that
// its lines are those that were sent.
func FuzzHeartbeat(f *testing.F) {
	f.Add([]byte(`{"sentAt":"2026-11-24T09:00:00+08:00","version":"1","queued":1,"conditions":[{"code":"K-101","severity":"warning"}],"journalHead":"x"}`))
	f.Add([]byte(`{"sentAt":"2026-11-24T09:00:00+08:00","version":"1","paperLeft":-1,"journalLines":[{"at":-9223372036854775808,"event":"a","entry":"","code":"\u0000"}]}`))
	f.Add([]byte(`{"sentAt":"2026-11-24T09:00:00+08:00","version":"1","journalLines":[{"at":1,"At":2,"event":"中","entry":"<&>","code":"\ud800"},{}]}`))
	f.Add([]byte(`{"sentAt":"2026-11-24T09:00:00+08:00","version":"1","journalLines":[{"at":1e3}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		beat, j, err := decodeHeartbeat("PT01", body)
		if err != nil {
			return
		}
		if len(j.note) > mostHead || len(j.lines) > proof.MostLines || len(beat.Conditions) > 64 || beat.Queued < 0 {
			t.Fatalf("taken: %+v, %+v", beat, j)
		}
		var lines []api.JournalLine
		for _, l := range j.lines {
			if len(l.Event) > mostEvent || len(l.Entry) > mostEntry || len(l.Code) > mostCode {
				t.Fatalf("taken: %+v", l)
			}
			lines = append(lines, api.JournalLine{At: l.At, Event: l.Event, Entry: l.Entry, Code: l.Code})
		}
		again, err := json.Marshal(api.Heartbeat{SentAt: beat.SentAt, Version: beat.Version, JournalHead: &j.note, JournalLines: &lines})
		if err != nil {
			t.Fatal(err)
		}
		if _, same, err := decodeHeartbeat("PT01", again); err != nil || same.note != j.note || !slices.Equal(same.lines, j.lines) {
			t.Fatalf("%+v came back as %+v, %v", j, same, err)
		}
	})
}
