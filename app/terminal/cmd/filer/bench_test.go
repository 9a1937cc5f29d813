package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"leye/app/envelope"
)

// BenchmarkDrain sends applications from a queue to a central that keeps nothing:
// what is left is the terminal's own part, two durable transactions for each. The
// whole way, with a real central, is scripts/bench's.
func BenchmarkDrain(b *testing.B) {
	key, err := envelope.NewPrivateKey()
	if err != nil {
		b.Fatal(err)
	}
	central := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			b.Error(err)
		}
		e, err := envelope.Decode(body)
		if err != nil {
			b.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
		if err := json.NewEncoder(w).Encode(map[string]string{"id": e.ID, "number": "n", "queryCode": "1", "digest": envelope.Digest(e.Body), "acceptedAt": "2026-11-24T09:00:00+08:00", "due": "", "desk": ""}); err != nil {
			b.Error(err)
		}
	}))
	defer central.Close()
	dir := filepath.Join(b.TempDir(), "store")
	said := func(args ...string) string {
		var out strings.Builder
		if err := run(b.Context(), args, strings.NewReader(""), &out); err != nil {
			b.Fatal(err)
		}
		return out.String()
	}
	said("file", "--store", dir, "--count", strconv.Itoa(b.N), "--size", "4096", "--seal-to", key.Public().String())
	b.ResetTimer()
	words := said("relay", "--store", dir, "--central", central.URL, "--empty")
	if n := strings.Count(words, "accepted "); n != b.N {
		b.Errorf("%d of %d were accepted", n, b.N)
	}
}
