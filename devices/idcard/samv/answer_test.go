package samv

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
	"leye/devices/internal/porttest"
	"leye/devices/internal/serialport"
	"leye/devices/sim"
)

// meanings of the reference that this driver says in other words.
var saidAs = map[string]string{
	"ok": "ok", "card_found": "card found", "no_content": "no such item", "request_checksum_error": "wrong checksum",
	"request_length_error": "wrong length", "request_command_error": "not accepted", "privilege_error": "not permitted",
	"unrecognised_error": "unrecognised error", "sam_authenticates_card_failed": "module failed to authenticate the card",
	"information_verification_failed": "information verification failed", "fingerprint_verification_failed": "fingerprint verification failed",
	"information_length_error": "length error", "unrecognised_card_type": "unrecognised card type", "read_card_failed": "read failed",
	"get_random_failed": "random number failed", "sam_self_test_failed": "self-test failed", "sam_not_authorised": "not authorised",
	"find_card_failed": "no card found", "select_card_failed": "select failed",
	"card_authenticates_sam_failed": "card failed to authenticate the module", "unknown_status": "undocumented status 7B",
}

func TestAnswersOfTheReference(t *testing.T) {
	answers := idcardtest.Load().Responses
	if len(answers) < 27 {
		t.Fatalf("%d answers in the reference", len(answers))
	}
	for _, v := range answers {
		body := frame.Body(v.Bytes)
		status, data := Status(body[2]), body[3:]
		said, known := saidAs[v.Expect.Meaning]
		if fmt.Sprintf("%02X", byte(status)) != v.Expect.Status || len(data) != v.Expect.DataLen || !known || !strings.Contains(status.String(), said) {
			t.Errorf("%s: status %02X %q with %d bytes", v.Name, byte(status), status, len(data))
		}
		if ok := status == StatusOK || status == StatusFound; ok != v.Expect.OK {
			t.Errorf("%s: ok %v", v.Name, ok)
		}
		if words := hex.EncodeToString(body[:2]); v.Expect.SW1 != "" {
			err := &StatusError{Command: "try", Status: status, Card: [2]byte(body[:2])}
			if !strings.EqualFold(words, v.Expect.SW1+v.Expect.SW2) || !strings.Contains(strings.ToLower(err.Error()), words) {
				t.Errorf("%s: card's words %s: %v", v.Name, words, err)
			}
		}
		if v.Expect.SAMID != "" && moduleNumber(data) != v.Expect.SAMID {
			t.Errorf("%s: %s, want %s", v.Name, moduleNumber(data), v.Expect.SAMID)
		}
		if v.Expect.NewAddress != "" && newText(data, asOf).plain(0, len(data)) != v.Expect.NewAddress {
			t.Errorf("%s: another address", v.Name)
		}
	}
}

// TestDialogueWithFingerprints plays the one dialogue that a terminal never holds:
// fingerprints are not asked for. Its answer must be understood all the same.
func TestDialogueWithFingerprints(t *testing.T) {
	vectors := idcardtest.Load()
	for _, d := range vectors.Dialogues {
		if d.Name != "no_fingerprint_on_card" {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			r := newReader(script(t, vectors, d), 115200, nil)
			defer r.Close()
			readFingers := command{"read card with fingerprints", 0x30, 0x10, StatusOK, anyData, 4 * time.Second}
			var data []byte
			for _, c := range []command{find, selectCard, readFingers} {
				var err error
				if data, err = r.ask(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			card, err := Decode(data, true, asOf)
			if err != nil {
				t.Fatal(err)
			}
			if difference := vectors.Card(d.Result).Differs(card); difference != "" {
				t.Error(difference)
			}
		})
		return
	}
	t.Error("the dialogue is not in the reference")
}

// module answers each request by a function, as often as it comes.
func module(t *testing.T, answer func(request string) string) (*Reader, *[]string) {
	t.Helper()
	var asked []string
	vectors := idcardtest.Load()
	r := newReader(porttest.Serve(t, func(b []byte) []porttest.Reply {
		request := fmt.Sprintf("% X", frame.Body(b))
		asked = append(asked, request)
		bytes, _ := vectors.Answer(answer(request))
		return []porttest.Reply{{Bytes: bytes, Delay: 10 * time.Millisecond}}
	}), 115200, nil)
	t.Cleanup(func() { _ = r.Close() })
	return r, &asked
}

func TestCardThatIsGivenUp(t *testing.T) {
	for refusal, want := range map[string]error{
		"sam_auth_card_failed":         idcard.ErrUnverified,
		"card_auth_sam_failed_with_sw": idcard.ErrUnverified,
		"info_verify_failed":           idcard.ErrUnverified,
		"select_failed":                idcard.ErrUnreadable,
		"random_failed":                idcard.ErrUnreadable,
		"read_failed":                  idcard.ErrUnreadable,
		"unknown_error":                idcard.ErrUnreadable,
		"undocumented_status":          idcard.ErrUnreadable,
	} {
		synctest.Test(t, func(t *testing.T) {
			r, asked := module(t, func(request string) string {
				switch request {
				case "20 01":
					return "find_ok"
				case "20 02":
					return refusal
				}
				return "ok_empty"
			})
			if c, err := r.Read(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s: %v, %v", refusal, c, err)
			}
			selects, resets := 0, 0
			for _, a := range *asked {
				switch a {
				case "20 02":
					selects++
				case "10 FF":
					resets++
				}
			}
			hangs := refusal == "unknown_error" || refusal == "undocumented_status"
			if selects != triesPerCard || (resets > 0) != hangs || r.shown != idcard.Retry {
				t.Errorf("%s: selected %d times, reset %d times, shows %v", refusal, selects, resets, r.shown)
			}
		})
	}
}

func TestRequestThatArrivesDamagedIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := 0
		r, _ := module(t, func(request string) string {
			if request == "12 FF" {
				if times++; times <= 2 {
					return []string{"checksum_error_reported", "length_error_reported"}[times-1]
				}
				return "sam_id_ok"
			}
			return "ok_empty"
		})
		if id, err := r.Module(t.Context()); err != nil || id != "05.01-20260101-0000012345-0123456789" {
			t.Errorf("%s, %v", id, err)
		}
	})
}

// TestNoiseBeforeTheAnswerCostsNoTime sends a stray byte at once and the answer as
// late as the module may.
func TestNoiseBeforeTheAnswerCostsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := idcardtest.Load().Card("resident_plain").Frame
		r := newReader(porttest.Serve(t, func([]byte) []porttest.Reply {
			return []porttest.Reply{{Bytes: []byte{0x55}}, {Bytes: answer[:5], Delay: 2900 * time.Millisecond}, {Bytes: answer[5:], Delay: 50 * time.Millisecond}}
		}), 115200, nil)
		defer r.Close()
		if _, err := r.ask(t.Context(), readBase); err != nil {
			t.Error(err)
		}
	})
}

// TestAnAnswerToAnEarlierRequestIsNotTaken lets the answers of a request that was
// given up come in front of the right one.
func TestAnAnswerToAnEarlierRequestIsNotTaken(t *testing.T) {
	late := []string{"find_ok", "find_failed_no_card", "ok_empty"}
	for right, c := range map[string]command{"select_ok": selectCard, "resident_plain": readBase, "find_ok": find, "no_content": readExtra} {
		synctest.Test(t, func(t *testing.T) {
			vectors := idcardtest.Load()
			r := newReader(porttest.Serve(t, func([]byte) []porttest.Reply {
				var replies []porttest.Reply
				for _, name := range late {
					if c.name != find.name || name == "ok_empty" {
						b, _ := vectors.Answer(name)
						replies = append(replies, porttest.Reply{Bytes: b})
					}
				}
				b, _ := vectors.Answer(right)
				return append(replies, porttest.Reply{Bytes: b, Delay: 50 * time.Millisecond})
			}), 115200, nil)
			defer r.Close()
			if _, err := r.ask(t.Context(), c); err != nil && !isStatus(err, StatusNoItem) {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
}

// TestPulledAndPluggedInOverPseudoTerminals moves the name of a device from one
// terminal to another, as udev does.
func TestPulledAndPluggedInOverPseudoTerminals(t *testing.T) {
	for _, driver := range []string{serialport.DriverBugst, serialport.DriverTarm} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			link := filepath.Join(t.TempDir(), "reader")
			module := sim.NewReader(sim.ReaderConfig{Find: time.Millisecond, Select: time.Millisecond, Read: time.Millisecond})
			r, err := Open(Config{Port: link, Driver: driver})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if _, err := r.Read(ctx); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), link) {
				t.Fatalf("missing port: %v", err)
			}
			for range 2 {
				line := plug(t, module)
				_ = os.Remove(link)
				if err := os.Symlink(line.Path(), link); err != nil {
					t.Fatal(err)
				}
				if err := module.Lay("resident_plain"); err != nil {
					t.Fatal(err)
				}
				wantCard(ctx, t, r, "resident_plain")
				if err := line.Close(); err != nil {
					t.Fatal(err)
				}
				if c, err := r.Read(ctx); !errors.Is(err, serialport.ErrUnplugged) {
					t.Fatalf("pulled: %v, %v", c, err)
				}
			}
		})
	}
}

// FuzzAnswer gives any bytes in answer to each request: it ends, with data of the
// length that was asked for or an error, and takes no data that were not there.
func FuzzAnswer(f *testing.F) {
	commands := []command{reset, samStatus, samNumber, find, selectCard, readBase, readExtra}
	vectors := idcardtest.Load()
	for i, v := range vectors.Answers() {
		f.Add(v, uint8(i))
	}
	for i, v := range vectors.Streams {
		f.Add([]byte(v.Bytes), uint8(i))
	}
	end := errors.New("end of the stream")
	f.Fuzz(func(t *testing.T, stream []byte, which uint8) {
		c := commands[int(which)%len(commands)]
		r := newReader(porttest.Serve(t, func([]byte) []porttest.Reply {
			return []porttest.Reply{{Bytes: stream, Err: end}}
		}), 115200, nil)
		data, err := r.askOnce(t.Context(), c)
		if err != nil {
			if !errors.Is(err, end) && !damaged(err) && !answered(err) {
				t.Fatal(err)
			}
			return
		}
		if c.data != anyData && len(data) != c.data || !bytes.Contains(stream, data) {
			t.Fatalf("%s: % X", c.name, data)
		}
		switch c.cmd {
		case samNumber.cmd:
			_ = moduleNumber(data)
		case readBase.cmd:
			if card, err := Decode(data, false, asOf); err == nil {
				_ = card.Record()
			}
		}
	})
}
