package identity_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/api"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/identity"
)

func grant(ca *prooftest.CA, changes ...func(*x509.Certificate)) func(string) (api.Certificate, error) {
	return func(request string) (api.Certificate, error) {
		return api.Certificate{Certificate: ca.Grant(request, changes...), Trust: ca.TrustPEM()}, nil
	}
}

func enrol(t *testing.T, ca *prooftest.CA, changes ...func(*x509.Certificate)) (string, *identity.Identity) {
	t.Helper()
	dir := t.TempDir()
	id, err := identity.Enrol(dir, "PT01", grant(ca, changes...))
	if err != nil {
		t.Fatal(err)
	}
	return dir, id
}

func TestEnrolledOnceLoadedEver(t *testing.T) {
	ca := prooftest.New(t)
	dir, id := enrol(t, ca)
	info, err := os.Stat(filepath.Join(dir, identity.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again, err := identity.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.Name() != "PT01" || !again.Key().Equal(id.Key()) || !again.Certificate().Equal(id.Certificate()) || len(again.Trust().Roots) != 1 {
		t.Errorf("%v is not %v", again, id)
	}
	if said := fmt.Sprintf("%v %+v %#v", again, again, again); strings.Contains(said, fmt.Sprint([]byte(again.Key())[0])+" ") {
		t.Errorf("the key prints itself: %s", said)
	}
}

func TestLoadRefuses(t *testing.T) {
	if _, err := identity.Load(t.TempDir()); !errors.Is(err, identity.ErrNone) {
		t.Errorf("nothing there: %v", err)
	}
	dir, _ := enrol(t, prooftest.New(t))
	path := filepath.Join(dir, identity.FileName)
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := enrol(t, prooftest.New(t))
	foreign, err := os.ReadFile(filepath.Join(other, identity.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, mine := pem.Decode(right)
	for name, text := range map[string][]byte{
		"empty": nil, "no key": mine, "half": right[:len(right)/2],
		"another's certificate": append(bytes.Clone(right[:len(right)-len(mine)]), foreign[len(foreign)-len(mine):]...),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Load(dir); err == nil || errors.Is(err, identity.ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(os.WriteFile(path, right, 0o600), os.Chmod(path, 0o640)); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Load(dir); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("readable for others: %v", err)
	}
}

// A central that answers with something else leaves what was there.
func TestWhatDoesNotFitIsNotTaken(t *testing.T) {
	ca, stranger := prooftest.New(t), prooftest.New(t)
	dir, id := enrol(t, ca)
	var othersRequest string
	_, err := identity.Enrol(t.TempDir(), "PT01", func(r string) (api.Certificate, error) { othersRequest = r; return grant(ca)(r) })
	if err != nil {
		t.Fatal(err)
	}
	request, err := id.Request()
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, identity.FileName))
	if err != nil {
		t.Fatal(err)
	}
	right := ca.Grant(request)
	for name, issued := range map[string]api.Certificate{
		"nothing":         {},
		"no trust":        {Certificate: right},
		"trust in others": {Certificate: right, Trust: stranger.TrustPEM()},
		"another's key":   {Certificate: ca.Grant(othersRequest), Trust: ca.TrustPEM()},
		"another name":    {Certificate: ca.Grant(request, func(c *x509.Certificate) { c.Subject.CommonName = "PT02" }), Trust: ca.TrustPEM()},
		"another use":     {Certificate: ca.Grant(request, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), Trust: ca.TrustPEM()},
		"two":             {Certificate: right + right, Trust: ca.TrustPEM()},
	} {
		if err := id.Take(issued); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	after, err := os.ReadFile(filepath.Join(dir, identity.FileName))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed, %v", err)
	}
	if err := id.Take(api.Certificate{Certificate: right, Trust: ca.TrustPEM()}); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

const life = 90 * 24 * time.Hour

// run lets the renewal of a fresh certificate go on for a while in virtual time.
func run(t *testing.T, rnd float64, span time.Duration, ask func(n int) error) (asked []time.Duration, ending []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ca := prooftest.New(t)
		long := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now(), time.Now().Add(life) }
		_, id := enrol(t, ca, long)
		begun := time.Now()
		r := identity.NewRenewal(identity.RenewalConfig{
			Identity: func() *identity.Identity { return id }, Rand: func() float64 { return rnd },
			Ask: func(_ context.Context, request string) (api.Certificate, error) {
				asked = append(asked, time.Since(begun))
				if err := ask(len(asked)); err != nil {
					return api.Certificate{}, err
				}
				return grant(ca, long)(request)
			},
			Ending: func(e bool) {
				if e {
					ending = append(ending, time.Since(begun))
				}
			},
		})
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return asked, ending
}

func TestRenewsAtTwoThirds(t *testing.T) {
	asked, ending := run(t, 0, 2*life-time.Hour, func(int) error { return nil })
	if len(asked) != 2 || asked[0] < life*2/3 || asked[0] > life*2/3+time.Hour || asked[1]-asked[0] < life*2/3 || len(ending) > 0 {
		t.Errorf("asked after %v, warned %v", asked, ending)
	}
	asked, _ = run(t, 0.999, life, func(int) error { return nil })
	if len(asked) != 1 || asked[0] > life*7/12+2*time.Hour {
		t.Errorf("the earliest terminal asks after %v", asked)
	}
}

// A month without a line from the moment that it wanted to renew.
func TestAMonthWithoutALine(t *testing.T) {
	var back time.Duration
	asked, ending := run(t, 0.5, life, func(n int) error { return errors.New("no line") })
	if len(asked) < 100 || len(asked) > 1000 || len(ending) == 0 || ending[0] < life*5/6 {
		t.Errorf("asked %d times, warned first after %v", len(asked), ending[:min(1, len(ending))])
	}
	for i, at := range asked[1:] {
		if gap := at - asked[i]; gap > 6*time.Hour+time.Second {
			t.Errorf("waited %v", gap)
		}
	}
	back = asked[0] + 29*24*time.Hour
	var begun time.Time
	asked, ending = run(t, 0.5, life+time.Hour, func(int) error {
		if begun.IsZero() {
			begun = time.Now()
		}
		if time.Since(begun) < 29*24*time.Hour {
			return errors.New("no line")
		}
		return nil
	})
	if last := asked[len(asked)-1]; last < back || last > back+7*time.Hour || ending[len(ending)-1] > last {
		t.Errorf("renewed after %v, warned last after %v", last, ending[len(ending)-1])
	}
}

// TestRenewalByAWrongClock lets the terminal's clock jump one day after enrolment.
// With the answer to a request it is right again, as uplink sees to it; one that
// is behind makes none by itself and is set right after eighty days.
func TestRenewalByAWrongClock(t *testing.T) {
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		jump        time.Duration
		first, last time.Duration // within which all requests come
		times       int
	}{
		"a day ahead":     {day, life*2/3 - 2*day, life * 2 / 3, 1},
		"a day behind":    {-day, life * 2 / 3, life*2/3 + 2*day, 1},
		"half an hour":    {-30 * time.Minute, life * 2 / 3, life*2/3 + 2*time.Hour, 1},
		"ten years ahead": {3650 * day, day, day + 61*time.Minute + life*2/3, 2},
		"1970":            {-30 * 365 * day, 80 * day, 80*day + 2*time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca := prooftest.New(t)
				long := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now(), time.Now().Add(life) }
				_, id := enrol(t, ca, long)
				begun := time.Now()
				right := false
				var asked []time.Duration
				r := identity.NewRenewal(identity.RenewalConfig{
					Identity: func() *identity.Identity { return id }, Rand: func() float64 { return 0 },
					Now: func() time.Time {
						if since := time.Since(begun); since < day || since > 80*day || right {
							return time.Now()
						}
						return time.Now().Add(tt.jump)
					},
					Ask: func(_ context.Context, request string) (api.Certificate, error) {
						asked, right = append(asked, time.Since(begun)), true
						return grant(ca, long)(request)
					},
				})
				ctx, cancel := context.WithTimeout(t.Context(), life-time.Hour)
				defer cancel()
				if err := r.Run(ctx); err != nil {
					t.Error(err)
				}
				if len(asked) != tt.times || asked[0] < tt.first || asked[len(asked)-1] > tt.last {
					t.Errorf("asked after %v, want %d times from %v to %v", asked, tt.times, tt.first, tt.last)
				}
				if !id.Certificate().NotAfter.After(begun.Add(life)) {
					t.Error("the certificate was not renewed")
				}
			})
		})
	}
}

// A thousand terminals that were enrolled in the same hour do not come back in
// the same hour.
func TestNoPeak(t *testing.T) {
	perHour := map[int]int{}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now() // of the span in which they may come
		before := begun.Add(-life * 7 / 12)
		_, id := enrol(t, prooftest.New(t), func(c *x509.Certificate) { c.NotBefore, c.NotAfter = before, before.Add(life) })
		ctx, cancel := context.WithTimeout(t.Context(), life)
		defer cancel()
		var mu sync.Mutex
		var all sync.WaitGroup
		for n := range 1000 {
			ctx, stop := context.WithCancel(ctx)
			rng := rand.New(rand.NewPCG(7, uint64(n)))
			r := identity.NewRenewal(identity.RenewalConfig{Identity: func() *identity.Identity { return id }, Rand: rng.Float64, Ask: func(context.Context, string) (api.Certificate, error) {
				mu.Lock()
				defer mu.Unlock()
				perHour[int(time.Since(begun)/time.Hour)]++
				stop()
				return api.Certificate{}, ctx.Err()
			}})
			all.Go(func() { _ = r.Run(ctx) })
		}
		all.Wait()
	})
	most, sum := 0, 0
	for _, n := range perHour {
		most, sum = max(most, n), sum+n
	}
	if sum != 1000 || len(perHour) < 150 || most > 20 {
		t.Errorf("%d came, in %d hours, at most %d in one", sum, len(perHour), most)
	}
	t.Logf("1,000 terminals in %d hours, at most %d in one", len(perHour), most)
}

// FuzzTake holds that nothing is taken but a certificate of this terminal's own
// name, whatever a central hands out, and that it is there at the next start.
func FuzzTake(f *testing.F) {
	ca := prooftest.New(f)
	dir := f.TempDir()
	id, err := identity.Enrol(dir, "PT01", grant(ca))
	if err != nil {
		f.Fatal(err)
	}
	request, err := id.Request()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ca.Grant(request), ca.TrustPEM())
	f.Add(ca.TrustPEM(), ca.Grant(request))
	f.Add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "")
	f.Fuzz(func(t *testing.T, certificate, trust string) {
		if id.Take(api.Certificate{Certificate: certificate, Trust: trust}) != nil {
			return
		}
		again, err := identity.Load(dir)
		if err != nil || again.Name() != "PT01" || !again.Certificate().Equal(id.Certificate()) || len(again.Trust().Roots) == 0 {
			t.Fatalf("taken, and at the next start %v, %v", again, err)
		}
	})
}

// FuzzLoad holds that a damaged file is an error and never half an identity.
func FuzzLoad(f *testing.F) {
	ca := prooftest.New(f)
	dir := f.TempDir()
	if _, err := identity.Enrol(dir, "PT01", grant(ca)); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, identity.FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte(ca.TrustPEM()))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := identity.Load(dir)
		if (id == nil) == (err == nil) || errors.Is(err, identity.ErrNone) {
			t.Fatalf("%v, %v", id, err)
		}
		if id != nil && (id.Certificate() == nil || id.Key() == nil || len(id.Trust().Keys) == 0) {
			t.Fatalf("half an identity: %v", id)
		}
	})
}
