package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"leye/app/api"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
)

// mostHealth is the longest answer that is read, in bytes; a real one has 200.
const mostHealth = 16 << 10

// refused is an answer that is not the central's good one.
type refused struct{ status int }

func (r *refused) Error() string { return fmt.Sprintf("it answers with HTTP %d", r.status) }

var errNonsense = errors.New("what answers is not a central of contract " + contractVersion)

// askHealth asks the central how it is; took is the time of the whole exchange.
func askHealth(ctx context.Context, c config.Central) (h api.Health, took time.Duration, err error) {
	client, err := api.NewClient(c.URL, api.WithHTTPClient(&http.Client{
		Timeout: c.Timeout,
		// The kiosk follows no redirect either.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
	if err != nil {
		return h, 0, err
	}
	sent := time.Now()
	resp, err := client.GetHealth(ctx, &api.GetHealthParams{})
	if err != nil {
		return h, 0, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostHealth))
	took = time.Since(sent)
	switch err = errors.Join(err, resp.Body.Close()); {
	case err != nil:
		return h, took, err
	case resp.StatusCode != http.StatusOK:
		return h, took, &refused{resp.StatusCode}
	case json.Unmarshal(body, &h) != nil || !h.Status.Valid() || h.Time.IsZero():
		return h, took, errNonsense
	}
	return h, took, nil
}

func (d *diagnosis) checkCentral(ctx context.Context, c config.Central) skew {
	h, took, err := askHealth(ctx, c)
	var r *refused
	switch {
	case errors.As(err, &r) && r.status == http.StatusForbidden:
		d.condition("central", kiosk.CodeCentralRefused, err.Error())
	case errors.As(err, &r), errors.Is(err, errNonsense):
		d.condition("central", kiosk.CodeCentralFailing, c.URL+": "+err.Error())
	case err != nil:
		d.condition("central", kiosk.CodeLineDown, err.Error())
	default:
		d.good("central", "%s answers as contract %s says, in %v, program %s", c.URL, contractVersion, took.Round(time.Millisecond), h.Version)
		d.compareCatalogue(h.CatalogueVersion)
		d.compareTold(h.SealKey)
		return skew{true, time.Until(h.Time) * -1}
	}
	return skew{}
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
	case now.Before(builtAt()):
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
