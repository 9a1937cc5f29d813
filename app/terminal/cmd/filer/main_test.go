package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"leye/app/envelope"
)

// ran is what filer prints.
func ran(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), args, strings.NewReader(in), &out); err != nil {
		t.Fatalf("filer %v: %v", args, err)
	}
	return out.String()
}

func TestWhatIsFiledIsFoundAndSent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	key, err := envelope.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	words := ran(t, "", "file", "--store", dir, "--count", "3", "--size", "100", "--seal-to", key.Public().String())
	if n := strings.Count(words, "kept "); n != 3 || strings.Count(words, "\n") != 3 {
		t.Errorf("said %q", words)
	}
	var found seen
	if err := json.Unmarshal([]byte(ran(t, dir+"\n", "look")), &found); err != nil {
		t.Fatal(err)
	}
	if found.Fault != "" || len(found.Entries) != 3 || !found.Entries[0].Whole || !strings.Contains(words, found.Entries[2].Digest) {
		t.Errorf("found %+v", found)
	}

	placed := ran(t, "", "where", "--store", dir)
	for _, e := range found.Entries {
		if !strings.Contains(placed, e.ID) || strings.Count(placed, "\n") != 3 || !strings.Contains(placed, `"Offset":`) {
			t.Errorf("%s is not placed: %s", e.ID, placed)
		}
	}
	got := map[string]string{}
	central := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e envelope.Envelope
		body := new(strings.Builder)
		if err := r.Write(body); err == nil {
			_, text, _ := strings.Cut(body.String(), "\r\n\r\n")
			e, err = envelope.Decode([]byte(text))
			if err != nil {
				t.Error(err)
			}
		}
		plain, err := key.Open(e)
		if err != nil {
			t.Error(err)
		}
		got[e.ID] = string(plain)
		w.WriteHeader(http.StatusCreated)
		if err := json.NewEncoder(w).Encode(map[string]string{"id": e.ID, "number": "n-" + e.ID, "queryCode": "1", "digest": envelope.Digest(e.Body), "acceptedAt": "2026-11-24T09:00:00+08:00", "due": "", "desk": ""}); err != nil {
			t.Error(err)
		}
	}))
	defer central.Close()
	words = ran(t, "", "relay", "--store", dir, "--central", central.URL, "--empty")
	if placed = ran(t, "", "where", "--store", dir); strings.Count(placed, `"state":"accepted"`) != 3 || strings.Count(placed, `"number":"n-`) != 3 {
		t.Errorf("after it was accepted: %s", placed)
	}
	for _, e := range found.Entries {
		if !strings.Contains(words, "accepted "+e.ID+" n-"+e.ID+"\n") || !strings.Contains(got[e.ID], strings.Repeat(e.ID, 4)) {
			t.Errorf("%s: said %q, sent %q", e.ID, words, got[e.ID])
		}
	}
}

func TestEarlyClaimsBeforeItFiles(t *testing.T) {
	dir := t.TempDir()
	if words := ran(t, "", "file", "--store", dir, "--count", "1", "--early"); !strings.HasSuffix(words, " - - 0\n") {
		t.Errorf("said %q", words)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"sing"}, {"file"}, {"file", "--store", "x", "more"}, {"relay", "--speed"}} {
		if err := run(t.Context(), args, strings.NewReader(""), new(strings.Builder)); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if words := ran(t, "", "--help"); !strings.Contains(words, "Exit codes") {
		t.Error("no help")
	}
}
