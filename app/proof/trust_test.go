package proof_test

import (
	"strings"
	"testing"

	"leye/app/proof"
	"leye/app/proof/prooftest"
)

func TestTrustComesBack(t *testing.T) {
	a, b := prooftest.New(t).Trust(), prooftest.New(t).Trust()
	both := proof.Trust{Roots: append(a.Roots, b.Roots...), Keys: append(a.Keys, b.Keys...)}
	text, err := both.PEM()
	if err != nil {
		t.Fatal(err)
	}
	got, err := proof.ParseTrust([]byte("for people\n" + text))
	if err != nil || len(got.Roots) != 2 || !got.Roots[1].Equal(b.Roots[0]) || len(got.Keys) != 2 || !got.Keys[1].Equal(b.Keys[0]) {
		t.Errorf("%d roots and %d keys, %v", len(got.Roots), len(got.Keys), err)
	}
}

func FuzzParseTrust(f *testing.F) {
	right := prooftest.New(f).TrustPEM()
	f.Add([]byte(right))
	f.Add([]byte(strings.Replace(right, "PUBLIC KEY", "PRIVATE KEY", 2)))
	f.Add([]byte(strings.Repeat(right, 9)))
	f.Fuzz(func(t *testing.T, text []byte) {
		trust, err := proof.ParseTrust(text)
		if err != nil {
			return
		}
		again, err := trust.PEM()
		if err != nil || len(trust.Roots) == 0 || len(trust.Keys) == 0 {
			t.Fatalf("%d roots, %d keys, %v", len(trust.Roots), len(trust.Keys), err)
		}
		if same, err := proof.ParseTrust([]byte(again)); err != nil || len(same.Roots) != len(trust.Roots) {
			t.Errorf("its own text is not read: %v", err)
		}
	})
}
