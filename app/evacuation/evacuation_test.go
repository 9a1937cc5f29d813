package evacuation_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"leye/app/envelope"
	"leye/app/evacuation"
)

var noon = time.UnixMilli(1795579200123)

// applications are so many, sealed to a central as a terminal keeps them.
func applications(tb testing.TB, to envelope.PublicKey, count int) []evacuation.Entry {
	tb.Helper()
	var list []evacuation.Entry
	for n := range count {
		h := envelope.Header{Suite: to.Suite(), ID: rand.Text(), Seq: int64(n + 1), Schema: envelope.Schema}
		key, err := envelope.NewDataKey(h.Suite)
		fatal(tb, err)
		body, err := envelope.SealBody(h, key, []byte(`{"name":"王样例"}`))
		fatal(tb, err)
		wrap, err := to.Wrap(h, key)
		fatal(tb, err)
		list = append(list, evacuation.Entry{
			Reference: "PT01-1125-0007-X", Service: "job-search", FiledAt: noon, PromisedAt: noon.Add(time.Hour), Order: "ab12", Reason: "gone",
			Sealed: envelope.Envelope{Header: h, Key: to.Fingerprint(), Wrap: wrap, Body: body},
		})
	}
	return list
}

func fatal(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func keys(tb testing.TB) (*envelope.PrivateKey, ed25519.PublicKey, ed25519.PrivateKey) {
	tb.Helper()
	central, err := envelope.NewPrivateKey()
	fatal(tb, err)
	public, own, err := ed25519.GenerateKey(rand.Reader)
	fatal(tb, err)
	return central, public, own
}

func TestWhatIsCarriedArrives(t *testing.T) {
	central, public, own := keys(t)
	want := applications(t, central.Public(), 3)
	f, err := evacuation.Seal("PT01", evacuation.NewID(), want, noon, central.Public(), own)
	fatal(t, err)
	got, err := evacuation.Decode(f.Encode())
	fatal(t, err)
	if !reflect.DeepEqual(got, f) || got.Terminal != "PT01" || got.Count != 3 {
		t.Fatalf("%+v is not %+v", got, f)
	}
	fatal(t, got.Check(got.Statement, []ed25519.PublicKey{public}))
	m, err := evacuation.OpenManifest(central, got.Evacuation, got.Manifest)
	fatal(t, err)
	if len(m.IDs) != 3 || m.IDs[2] != want[2].Sealed.ID || !m.At.Equal(noon) {
		t.Errorf("%+v", m)
	}
	entries, err := got.Open(m.Key)
	fatal(t, err)
	if !reflect.DeepEqual(entries, want) {
		t.Errorf("%+v is not %+v", entries, want)
	}
	plain, err := central.Open(entries[1].Sealed)
	if err != nil || !strings.Contains(string(plain), "王样例") {
		t.Errorf("%q, %v", plain, err)
	}
}

// A finder learns the terminal, the evacuation and how many.
func TestALostFileTellsNothing(t *testing.T) {
	central, _, own := keys(t)
	entries := applications(t, central.Public(), 2)
	f, err := evacuation.Seal("PT01", evacuation.NewID(), entries, noon, central.Public(), own)
	fatal(t, err)
	data := f.Encode()
	for _, secret := range []string{
		entries[0].Sealed.ID, entries[0].Reference, entries[0].Service, entries[0].Order, string(entries[0].Sealed.Body), "filed",
	} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the file shows %q", secret)
		}
	}
	stranger, _, _ := keys(t)
	if _, err := evacuation.OpenManifest(stranger, f.Evacuation, f.Manifest); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("another central: %v", err)
	}
	key, err := envelope.NewDataKey(envelope.Leye1)
	fatal(t, err)
	if _, err := f.Open(key); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("another key: %v", err)
	}
}

// Whatever byte of a file changes, and wherever it ends too early, is found.
func TestEveryChangeIsFound(t *testing.T) {
	central, public, own := keys(t)
	f, err := evacuation.Seal("PT01", evacuation.NewID(), applications(t, central.Public(), 1), noon, central.Public(), own)
	fatal(t, err)
	data := f.Encode()
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 1
		got, err := evacuation.Decode(changed)
		if err == nil && got.Check(got.Statement, []ed25519.PublicKey{public}) == nil {
			t.Fatalf("byte %d changed, and nobody sees it", i)
		}
		if _, err := evacuation.Decode(data[:i]); err == nil {
			t.Fatalf("cut at byte %d, and nobody sees it", i)
		}
	}
	if _, err := evacuation.Decode(append(data, 0)); !errors.Is(err, evacuation.ErrDamaged) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := evacuation.Decode([]byte("PK\x03\x04")); !errors.Is(err, evacuation.ErrNone) {
		t.Errorf("another file: %v", err)
	}
}

// Parts of one file do not pass in another.
func TestPartsBelongTogether(t *testing.T) {
	central, _, own := keys(t)
	one, err := evacuation.Seal("PT01", evacuation.NewID(), applications(t, central.Public(), 2), noon, central.Public(), own)
	fatal(t, err)
	two, err := evacuation.Seal("PT01", evacuation.NewID(), applications(t, central.Public(), 2), noon, central.Public(), own)
	fatal(t, err)
	if _, err := evacuation.OpenManifest(central, one.Evacuation, two.Manifest); !errors.Is(err, evacuation.ErrForm) {
		t.Errorf("another's list: %v", err)
	}
	said := two.Evacuation
	said.ID = one.ID
	if _, err := evacuation.OpenManifest(central, said, two.Manifest); !errors.Is(err, evacuation.ErrForm) {
		t.Errorf("another's name: %v", err)
	}
	said = two.Evacuation
	said.Count = 3
	if _, err := evacuation.OpenManifest(central, said, two.Manifest); !errors.Is(err, evacuation.ErrForm) {
		t.Errorf("another count: %v", err)
	}
}

func TestWhatDoesNotFitIsNotSealed(t *testing.T) {
	central, _, own := keys(t)
	if _, err := evacuation.Seal("PT01", evacuation.NewID(), nil, noon, central.Public(), own); err == nil {
		t.Error("nothing was sealed")
	}
	twice := applications(t, central.Public(), 1)
	f, err := evacuation.Seal("PT01", evacuation.NewID(), append(twice, twice[0]), noon, central.Public(), own)
	fatal(t, err)
	if _, err := evacuation.OpenManifest(central, f.Evacuation, f.Manifest); !errors.Is(err, evacuation.ErrForm) {
		t.Errorf("one application twice: %v", err)
	}
}

// The largest list fits into a request of the contract.
func TestTheLargestListFitsIntoARequest(t *testing.T) {
	central, _, own := keys(t)
	one := applications(t, central.Public(), 1)[0]
	many := make([]evacuation.Entry, evacuation.MostEntries)
	for i := range many {
		many[i] = one
		many[i].Sealed.ID = rand.Text()
	}
	f, err := evacuation.Seal("PT01", evacuation.NewID(), many, noon, central.Public(), own)
	fatal(t, err)
	const request = 1 << 20
	if len(f.Manifest) > request-4096 {
		t.Errorf("the list has %d bytes", len(f.Manifest))
	}
	if len(f.Encode()) > evacuation.MostFile {
		t.Errorf("the file has %d bytes", len(f.Encode()))
	}
}

func FuzzDecode(f *testing.F) {
	central, _, own := keys(f)
	file, err := evacuation.Seal("PT01", evacuation.NewID(), applications(f, central.Public(), 2), noon, central.Public(), own)
	fatal(f, err)
	data := file.Encode()
	f.Add(data)
	f.Add(data[:len(data)-1])
	f.Add([]byte(file.Statement))
	f.Add([]byte("leye evacuation 1\n\n\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := evacuation.Decode(data)
		if err == nil && !bytes.Equal(got.Encode(), data) {
			t.Errorf("%q was read as %q", data, got.Encode())
		}
	})
}

// What the central's key or the manifest's opened may still be anything.
func FuzzOpenEntries(f *testing.F) {
	central, _, own := keys(f)
	entries := applications(f, central.Public(), 1)
	sealed, err := entries[0].Sealed.Encode()
	fatal(f, err)
	f.Add([]byte(`[{"reference":"PT01-1125-0007-X","service":"s","filed":1,"promised":2,"order":"","reason":"","sealed":` + string(sealed) + `}]`))
	f.Add([]byte(`[null]`))
	f.Add([]byte(`[{"sealed":{}}]`))
	file, err := evacuation.Seal("PT01", evacuation.NewID(), entries, noon, central.Public(), own)
	fatal(f, err)
	key, err := envelope.NewDataKey(envelope.Leye1)
	fatal(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		other := file
		h := envelope.Header{Suite: envelope.Leye1, ID: file.ID, Seq: 1, Schema: "evacuation-entries-1"}
		other.Entries, err = envelope.SealBody(h, key, text)
		fatal(t, err)
		if got, err := other.Open(key); err == nil && (len(got) != 1 || got[0].Sealed.ID == "") {
			t.Errorf("%q was read as %+v", text, got)
		}
	})
}

// What is sealed to the central comes from a terminal, and may be anything.
func FuzzOpenManifest(f *testing.F) {
	central, _, own := keys(f)
	file, err := evacuation.Seal("PT01", evacuation.NewID(), applications(f, central.Public(), 1), noon, central.Public(), own)
	fatal(f, err)
	for _, text := range []string{`{"key":"AA==","at":1,"ids":["ABCDEFGHIJKLMNOPQRSTUVWXYZ"]}`, `{"ids":[""]}`, `null`, `{"key":"AA==","ids":["A"],"x":1}`} {
		f.Add([]byte(text))
	}
	key, err := envelope.NewDataKey(envelope.Leye1)
	fatal(f, err)
	h := envelope.Header{Suite: envelope.Leye1, ID: file.ID, Seq: 1, Schema: "evacuation-manifest-1"}
	f.Fuzz(func(t *testing.T, text []byte) {
		e := envelope.Envelope{Header: h, Key: central.Public().Fingerprint()}
		e.Body, err = envelope.SealBody(h, key, text)
		fatal(t, err)
		e.Wrap, err = central.Public().Wrap(h, key)
		fatal(t, err)
		sealed, err := e.Encode()
		fatal(t, err)
		said := file.Evacuation
		said.Manifest = envelope.Digest(sealed)
		m, err := evacuation.OpenManifest(central, said, sealed)
		if err == nil && (len(m.IDs) != 1 || !envelope.FitID(m.IDs[0]) || len(m.Key) == 0) {
			t.Errorf("%q was read as %+v", text, m)
		}
	})
}
