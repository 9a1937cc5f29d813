package proof

import (
	"crypto/ed25519"
	"testing"
	"time"
)

func TestEachPartOfASealKeyCounts(t *testing.T) {
	public, private := newKey(t)
	other, _ := newKey(t)
	k := SealKey{"leye-1", []byte("a key"), moment}
	signature := k.Sign(private)
	if err := k.Check([]ed25519.PublicKey{other, public}, signature); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]SealKey{
		"suite": {"leye-2", k.Key, k.Since}, "key": {k.Suite, []byte("b key"), k.Since}, "since": {k.Suite, k.Key, k.Since.Add(time.Second)},
	} {
		if err := c.Check([]ed25519.PublicKey{public}, signature); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := k.Check([]ed25519.PublicKey{other}, signature); err == nil {
		t.Error("another key: taken")
	}
	if err := k.Check([]ed25519.PublicKey{public}, ""); err == nil {
		t.Error("no signature: taken")
	}
}
