package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"leye/app/api"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/uplink"
)

// askHealth asks the central how it is, as the kiosk would; took is the time of
// the whole exchange.
func askHealth(ctx context.Context, c config.Central, id *identity.Identity) (h api.Health, took time.Duration, err error) {
	settings := uplink.Config{Base: c.URL, Timeout: c.Timeout, Clock: clock.New(kiosk.BuiltAt())}
	if id != nil {
		settings.Identity = id
	}
	line, err := uplink.New(settings)
	if err != nil {
		return h, 0, err
	}
	sent := time.Now()
	h, err = line.Health(ctx)
	return h, time.Since(sent), errors.Join(err, line.Close())
}

func (d *diagnosis) checkCentral(ctx context.Context, c config.Central, id *identity.Identity) skew {
	h, took, err := askHealth(ctx, c, id)
	var f *relay.Failure
	switch {
	case errors.As(err, &f):
		d.condition("central", lineCode(f.Code), c.URL+": "+f.Err.Error())
	case err != nil:
		d.condition("central", kiosk.CodeLineDown, err.Error())
	default:
		d.good("central", "%s answers as contract %s says, in %v, program %s", c.URL, contractVersion, took.Round(time.Millisecond), h.Version)
		d.compareTold(h.SealKey, id)
		d.compareCatalogue(h.CatalogueVersion)
		return skew{true, time.Until(h.Time) * -1}
	}
	return skew{}
}

// lineCode is the condition behind the code of a failed request.
func lineCode(code string) kiosk.Code {
	switch {
	case code == "http_401" || code == "http_403" || code == uplink.CodeUnwelcome:
		return kiosk.CodeCentralRefused
	case code == uplink.CodeUntrusted || code == uplink.CodeUnsigned:
		return kiosk.CodeUntrusted
	case strings.HasPrefix(code, "http_") || code == "nonsense" || code == "answer_too_large":
		return kiosk.CodeCentralFailing
	}
	return kiosk.CodeLineDown
}

// checkIdentity looks at who the terminal is to its central; nil when it is
// nobody.
func (d *diagnosis) checkIdentity(cfg config.Config) *identity.Identity {
	if cfg.Central.Clear() {
		d.add(finding{
			Check: "identity", Status: warn, What: "the line is in the clear, for development on one machine only: " + cfg.Central.URL,
			WhatZH: "与区中心的连接没有加密，只能用于开发",
			Next:   "set [central] url to https and run kioskctl enrol", NextZH: "把 [central] url 改为 https，再运行 kioskctl enrol",
		})
		return nil
	}
	id, err := identity.Load(cfg.Store.Dir)
	switch {
	case errors.Is(err, identity.ErrNone):
		d.condition("identity", kiosk.CodeNotEnrolled, "")
		return nil
	case err != nil:
		d.add(finding{
			Check: "identity", Status: fail, What: err.Error(), WhatZH: "终端身份文件读不出",
			Next: "make the file the kiosk's user's own with mode 0600, or enrol anew", NextZH: "把该文件改为终端用户所有、权限 0600，或重新登记",
		})
		return nil
	case id.Name() != cfg.Terminal.ID:
		d.condition("identity", kiosk.CodeNotEnrolled, "it is as "+id.Name())
		return nil
	}
	cert := id.Certificate()
	left := time.Until(cert.NotAfter)
	seen := "as " + id.Name() + " until " + cert.NotAfter.In(kiosk.China).Format(minute)
	if left < cert.NotAfter.Sub(cert.NotBefore)/6 {
		d.condition("identity", kiosk.CodeCertificateEnd, seen)
	} else {
		d.good("identity", "enrolled %s", seen)
	}
	return id
}

func (d *diagnosis) compareCatalogue(theirs string) {
	b, err := thisBuild()
	if err != nil || theirs == b.Catalogue {
		return // a catalogue that does not load has a finding of its own
	}
	d.add(finding{
		Check: "central", Status: warn,
		What: fmt.Sprintf("the central offers catalogue %s, built in here is %s", theirs, b.Catalogue),
		Next: "bring both to the same release",
	})
}

// mostSkew is how far two clocks may be apart before days and promises go wrong.
const mostSkew = 30 * time.Second

// checkClock compares with the central; without it, with what must lie in the
// past, and with the kernel's own opinion.
func (d *diagnosis) checkClock(s skew) {
	now := time.Now()
	stamp := now.In(kiosk.China).Format("2006-01-02 15:04:05 -07:00")
	switch {
	case s.known && s.by.Abs() > mostSkew:
		d.condition("clock", kiosk.CodeClockWrong, fmt.Sprintf("it is %s, %v off the central's", stamp, s.by.Abs().Round(time.Second)))
	case s.known:
		d.good("clock", "%s, within %v of the central's", stamp, max(s.by.Abs(), time.Second).Round(time.Second))
	case now.Before(kiosk.BuiltAt()):
		d.condition("clock", kiosk.CodeClockWrong, "it is "+stamp+", before this program was made")
	case unsynchronised():
		d.add(finding{Check: "clock", Status: warn, What: stamp + ", and no time service sets it", Next: "check the time service"})
	default:
		d.good("clock", "%s", stamp)
	}
}

// unsynchronised reports that the kernel says so (adjtimex(2), TIME_ERROR); a
// kernel that does not answer says nothing.
func unsynchronised() bool {
	const timeError = 5
	state, err := unix.Adjtimex(&unix.Timex{})
	return err == nil && state == timeError
}

// skew is what comparing with the central's clock gave.
type skew struct {
	known bool
	by    time.Duration // how far this clock is ahead
}
