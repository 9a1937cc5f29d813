package samv

import (
	"errors"
	"fmt"
)

// Status is the third status byte of an answer.
type Status byte

// The statuses that decide what happens next.
const (
	StatusOK              Status = 0x90
	StatusNoItem          Status = 0x91 // the card has no such item: it is there
	StatusFound           Status = 0x9F
	StatusBadChecksum     Status = 0x10
	StatusBadLength       Status = 0x11
	StatusUnknown         Status = 0x24
	StatusWrongCard       Status = 0x40
	StatusReadFailed      Status = 0x41
	StatusSelfTest        Status = 0x60
	StatusNotAuthorised   Status = 0x66
	StatusNotFound        Status = 0x80
	StatusSelectFailed    Status = 0x81
	statusCommandRefused  Status = 0x21
	statusNotPermitted    Status = 0x23
	statusCardRefusedSAM  Status = 0x31
	statusSAMRefusedCard  Status = 0x32
	statusVerifyFailed    Status = 0x33
	statusFingerprintFail Status = 0x37
	statusInfoLength      Status = 0x3F
	statusRandomFailed    Status = 0x47
)

var meanings = map[Status]string{
	StatusOK: "ok", StatusNoItem: "no such item on the card", StatusFound: "card found",
	StatusBadChecksum: "module got a wrong checksum", StatusBadLength: "module got a wrong length",
	statusCommandRefused: "command not accepted", statusNotPermitted: "not permitted", StatusUnknown: "unrecognised error",
	statusCardRefusedSAM: "card failed to authenticate the module", statusSAMRefusedCard: "module failed to authenticate the card",
	statusVerifyFailed: "information verification failed", statusFingerprintFail: "fingerprint verification failed",
	statusInfoLength: "information length error", StatusWrongCard: "unrecognised card type", StatusReadFailed: "read failed",
	statusRandomFailed: "random number failed", StatusSelfTest: "module self-test failed", StatusNotAuthorised: "module not authorised",
	StatusNotFound: "no card found", StatusSelectFailed: "select failed",
}

func (s Status) String() string {
	if m, ok := meanings[s]; ok {
		return m
	}
	return fmt.Sprintf("undocumented status %02X", byte(s))
}

// StatusError is an answer that is not a success.
type StatusError struct {
	Command string
	Status  Status
	Card    [2]byte // the card's own status words, or zero
}

func (e *StatusError) Error() string {
	if e.Card != [2]byte{} {
		return fmt.Sprintf("%s: %s (%02X, card says %X)", e.Command, e.Status, byte(e.Status), e.Card)
	}
	return fmt.Sprintf("%s: %s (%02X)", e.Command, e.Status, byte(e.Status))
}

// isStatus reports an answer with the given status.
func isStatus(err error, s Status) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == s
}

// hangs reports an error that the module itself cannot explain: it is reset then.
func (s Status) hangs() bool {
	_, known := meanings[s]
	return s == StatusUnknown || !known
}

// unverified reports that card and module did not accept each other.
func (s Status) unverified() bool {
	return s == statusCardRefusedSAM || s == statusSAMRefusedCard || s == statusVerifyFailed
}

// outOfService is err when it says that the module will never read a card again by
// itself, or nil.
func outOfService(err error) error {
	if isStatus(err, StatusSelfTest) || isStatus(err, StatusNotAuthorised) {
		return err
	}
	return nil
}
