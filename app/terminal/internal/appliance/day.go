package appliance

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"leye/app/proof"
	"leye/app/terminal/internal/day"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/slip"
	"leye/devices/printer"
)

// openDay adds the task that prints the day's slip, where the configuration names
// a closing time.
func (b *build) openDay(context.Context) error {
	if b.cfg.Terminal.Closes == "" {
		return nil
	}
	at, err := time.Parse("15:04", b.cfg.Terminal.Closes)
	if err != nil {
		return fmt.Errorf("read closing time: %w", err)
	}
	paper := dayPaper{b.pulse.slips, b.pulse.journal, b.queue.Reader, b.pulse.signed}
	b.tasks = append(b.tasks, day.New(day.Config{
		At: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, Log: b.log, Print: paper.print,
		Free: func() bool { return b.Session.State().Stage == session.Idle },
	}))
	return nil
}

// dayPaper prints the day's slip, which has its row among the slips like those of
// residents.
type dayPaper struct {
	*slips
	journal *journal.Journal
	queue   *outbox.Reader
	sign    func(journal.Head) (string, error) // "" where there is no key to sign with
}

func (p dayPaper) print(ctx context.Context, now time.Time) error {
	sum, err := day.Sum(ctx, p.journal, p.queue, now)
	if err != nil {
		return err
	}
	entry := kiosk.ApplicationID("day-" + sum.Day)
	before, err := p.ledger.List(ctx, slip.Filter{Entry: entry})
	if err != nil {
		return err
	}
	for _, s := range before {
		// One in doubt is printed again: two of a day harm nobody, none does.
		if s.State != slip.Prepared && s.State != slip.Unknown {
			return nil
		}
	}
	switch status, err := p.Status(ctx); {
	case err != nil:
		return err
	case !status.Ready():
		return fmt.Errorf("print the day's slip: %w", printer.ErrNotReady)
	}
	_, err = p.printAs(ctx, entry, func(print int) (printer.Document, error) { return p.day(sum, now, print) })
	return err
}

func (p dayPaper) day(sum day.Summary, now time.Time, print int) (printer.Document, error) {
	signed, err := p.sign(sum.Head)
	if err != nil {
		return printer.Document{}, err
	}
	out := receipt.Slip{Centre: p.terminal.CentreZH, Terminal: p.terminal.ID, At: now, Language: "zh", Title: sum.Day, Print: print, Proof: proof.OneLine(signed)}
	for _, line := range []struct {
		key string
		n   int
	}{
		{"day.filed", sum.Filed}, {"day.accepted", sum.Accepted}, {"day.refused", sum.Refused}, {"day.slips", sum.Slips},
		{"day.waiting", sum.Waiting}, {"day.parked", sum.Parked}, {"day.late", sum.Late}, {"day.lines", int(sum.Head.Seq)},
	} {
		out.Answers = append(out.Answers, receipt.Item{Label: p.texts.Get("zh", line.key), Value: strconv.Itoa(line.n)})
	}
	out.Text = append([]string{p.texts.Get("zh", "day.head")}, grouped(sum.Head.Hash)...)
	return p.layouts.Compose(receipt.Day, out)
}

// grouped writes a hash so that a person can compare it: four lines of four fours.
func grouped(hash string) []string {
	var lines []string
	for len(hash) >= 16 {
		lines = append(lines, strings.Join([]string{hash[:4], hash[4:8], hash[8:12], hash[12:16]}, " "))
		hash = hash[16:]
	}
	return lines
}
