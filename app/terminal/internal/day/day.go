// Package day closes a terminal's day: what was handed in on it, what still waits,
// and how far the journal reaches, for one slip that staff keep. Who writes a
// journal anew would have to find that paper too.
//
// It prints nothing itself and names no person.
package day

import (
	"context"
	"time"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/outbox"
)

// Summary is one day up to the moment when it was read.
type Summary struct {
	Day      string // as YYYY-MM-DD, in China
	Filed    int    // applications handed in on the day
	Accepted int    // answered with a number on it, also those of days before
	Refused  int    // parked on it
	Slips    int    // prints begun on it, reprints among them
	Waiting  int    // on their way now
	Parked   int    // waiting for staff now
	Late     int    // past their promised time now
	Head     journal.Head
}

// Sum reads the day of now.
func Sum(ctx context.Context, j *journal.Journal, q *outbox.Reader, now time.Time) (Summary, error) {
	midnight := Midnight(now)
	events, head, err := j.Tally(ctx, midnight)
	if err != nil {
		return Summary{}, err
	}
	count, err := q.Count(ctx)
	if err != nil {
		return Summary{}, err
	}
	return Summary{
		Day: midnight.Format(time.DateOnly), Filed: events["entry.put"], Accepted: events["entry.accepted"], Refused: events["entry.parked"],
		Slips: events["slip.begun"], Waiting: count.Waiting(), Parked: count.Parked, Late: count.Late, Head: head,
	}, nil
}
