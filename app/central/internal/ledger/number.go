package ledger

import (
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"math/big"
	"strings"
	"time"
)

// A case number is centre, service, day, serial and check character:
//
//	000-417-261124-0001-5
//
// Digits only (but for a check X), so that it can be typed on a number pad and
// said on the telephone. The check character is ISO 7064 MOD 11-2 over the
// digits before it, the same as on the resident identity card (GB 11643): it
// finds every single wrong digit and every swap of neighbours.

// shanghai is the zone of every day in the ledger. It has had no summer time
// since 1991, so it needs no zone file on the machine.
var shanghai = time.FixedZone("CST", 8*60*60)

// numberPrefix is the part that a serial counts within.
func numberPrefix(centre, service string, day time.Time) string {
	return centre + "-" + ServiceCode(service) + "-" + day.In(shanghai).Format("060102")
}

func number(prefix string, serial int) string {
	body := fmt.Sprintf("%s-%04d", prefix, serial)
	return body + "-" + string(checkCharacter(body))
}

// ServiceCode is the service's part of a case number: three digits hashed from
// its id. Two services may share one; the serial keeps their numbers apart.
func ServiceCode(service string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(service)) // a hash never fails
	return fmt.Sprintf("%03d", h.Sum32()%1000)
}

// ParseNumber brings a case number as typed to its written form and reports
// whether its check character fits. Spaces and hyphens do not matter.
func ParseNumber(s string) (string, bool) {
	compact := strings.NewReplacer("-", "", " ", "", "x", "X").Replace(s)
	const fixed = 3 + 3 + 6
	if len(compact) < fixed+5 || len(compact) > fixed+9 {
		return "", false
	}
	body, check := compact[:len(compact)-1], compact[len(compact)-1]
	if strings.Trim(body, "0123456789") != "" || checkCharacter(body) != check {
		return "", false
	}
	return strings.Join([]string{body[:3], body[3:6], body[6:12], body[12:], string(check)}, "-"), true
}

// checkCharacter computes ISO 7064 MOD 11-2 over the digits in s.
func checkCharacter(s string) byte {
	p := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		p = (p + int(s[i]-'0')) * 2 % 11
	}
	c := (12 - p) % 11
	if c == 10 {
		return 'X'
	}
	return byte('0' + c)
}

// queryCode draws six random digits.
func queryCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}
