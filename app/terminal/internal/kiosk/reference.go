package kiosk

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// NewApplicationID makes the key of a new application: 130 random bits, so two
// terminals never meet.
func NewApplicationID() ApplicationID { return ApplicationID(rand.Text()) }

var applicationID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// Valid reports whether id has the shape that [NewApplicationID] gives.
func (id ApplicationID) Valid() bool { return applicationID.MatchString(string(id)) }

// China is the one time zone of the service: UTC+8 without summer time. It is
// built in because a small image need not carry the zone files.
var China = time.FixedZone("CST", 8*60*60)

// checkAlphabet has 31 characters, a prime, and none of 0 O 1 I L: the last
// character of a reference is read out on the telephone.
const checkAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

var (
	terminalID = regexp.MustCompile(`^[A-Z]{2}[0-9]{2,4}$`)
	reference  = regexp.MustCompile(`^([A-Z]{2}[0-9]{2,4}-[0-9]{4}-[0-9]{4,6})-([2-9A-HJKMNP-Z])$`)
)

// ValidTerminal reports whether id can name a terminal: two capital letters, then
// two to four digits, as in "PT01". The fixed place of the letters is what lets
// the check character of a reference find every single slip.
func ValidTerminal(id string) bool { return terminalID.MatchString(id) }

// NewReference builds the reference of the serial-th application (from 1) that
// terminal takes on the day of at, as seen in China.
func NewReference(terminal string, at time.Time, serial int) (Reference, error) {
	if !ValidTerminal(terminal) {
		return "", fmt.Errorf("build reference: terminal %q is not two letters and two to four digits", terminal)
	}
	if serial < 1 || serial > 999999 {
		return "", fmt.Errorf("build reference: serial %d is out of range", serial)
	}
	payload := fmt.Sprintf("%s-%s-%04d", terminal, at.In(China).Format("0102"), serial)
	return Reference(payload + "-" + string(checkCharacter(payload))), nil
}

// ParseReference reads what somebody typed or dictated: letter case, blanks
// around it and full-width hyphens do not matter. Every single wrong character
// and every swap of neighbours is found.
func ParseReference(s string) (Reference, error) {
	s = strings.ToUpper(strings.TrimSpace(s))
	s = strings.NewReplacer("-", "-", "—", "-", "–", "-").Replace(s)
	m := reference.FindStringSubmatch(s)
	if m == nil {
		return "", fmt.Errorf("parse reference: want the shape PT01-1124-0007-X")
	}
	if checkCharacter(m[1]) != m[2][0] {
		return "", fmt.Errorf("parse reference: the check character does not fit")
	}
	return Reference(s), nil
}

// Serial takes a reference apart: its day as MMDD and its serial of that day;
// false for what [NewReference] cannot have built.
func (r Reference) Serial() (day string, serial int, ok bool) {
	if back, err := ParseReference(string(r)); err != nil || back != r {
		return "", 0, false
	}
	part := strings.Split(string(r), "-")
	serial, err := strconv.Atoi(part[2])
	return part[1], serial, err == nil
}

// checkCharacter is a weighted sum modulo 31 with the powers of 3, which
// generates all of 1..30. Letters differ from letters and digits from digits
// modulo 31; a digit in a letter's place is refused by the shape.
func checkCharacter(payload string) byte {
	sum, weight := 0, 3
	for i := len(payload) - 1; i >= 0; i-- {
		c := payload[i]
		if c == '-' {
			continue
		}
		value := int(c - '0')
		if c >= 'A' {
			value = int(c-'A') + 1
		}
		sum = (sum + weight*value) % 31
		weight = weight * 3 % 31
	}
	return checkAlphabet[sum]
}
