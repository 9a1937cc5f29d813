package samv

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
)

// TestContractOnARealReader holds the reader at KIOSK_READER_PORT to its contract,
// with the help of a person who does what is printed. Any identity card will do; run
// it with -v, or nothing is printed in time.
func TestContractOnARealReader(t *testing.T) {
	port := os.Getenv("KIOSK_READER_PORT")
	if port == "" {
		t.Skip("KIOSK_READER_PORT names no reader")
	}
	say := func(words string) { fmt.Fprintln(os.Stderr, ">>>", words) }
	idcardtest.RunReader(t, func(t *testing.T) idcardtest.Rig {
		say("the reader must be empty")
		r, err := Open(Config{Port: port, Driver: os.Getenv("KIOSK_READER_DRIVER")})
		if err != nil {
			t.Fatal(err)
		}
		if module, err := r.Module(t.Context()); err != nil {
			t.Fatal(err)
		} else {
			t.Logf("module %s on %s", module, port)
		}
		return idcardtest.Rig{
			Reader:   r,
			Lay:      func(string) { say("lay an identity card down") },
			LayOther: func() { say("lay down a card that is no identity card") },
			Take:     func() { say("take it away") },
			Judge: func(_ string, c idcard.Card) string {
				if c.Number == "" || c.DisplayName() == "" || c.Photo.Length != photoSize {
					return "something is missing on the card"
				}
				return strings.Join(c.Issues, ", ")
			},
		}
	})
}
