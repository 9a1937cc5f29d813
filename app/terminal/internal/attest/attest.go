// Package attest shows the central, with each heartbeat, that the terminal's journal
// only grew: the head as the terminal signs it, and the lines that lead to it from
// the head that the central keeps.
//
// It keeps nothing on the disk and judges nothing: a terminal that starts learns with
// the first answer from where on to show lines.
package attest

import (
	"context"
	"fmt"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
)

// Witness is one journal and what the central keeps of it. Its methods are called
// one at a time.
type Witness struct {
	journal *journal.Journal
	kept    *api.JournalKept // nil: it has not said
}

// New gives the witness of a journal.
func New(j *journal.Journal) *Witness { return &Witness{journal: j} }

// Tell puts into a heartbeat how far the journal reaches, signed. To a central that
// has said which head it keeps it shows the lines since, in as many beats as they
// take: the head is then that of the last line shown.
func (w *Witness) Tell(ctx context.Context, id *identity.Identity, beat *api.Heartbeat) error {
	lines, head, err := w.read(ctx)
	if err != nil {
		return err
	}
	note, err := Sign(id, head)
	if err != nil {
		return err
	}
	beat.JournalHead, beat.JournalLines = &note, nil
	if len(lines) == 0 {
		return nil
	}
	shown := make([]api.JournalLine, len(lines))
	for i, l := range lines {
		shown[i] = api.JournalLine{At: l.At, Event: l.Event, Entry: l.Entry, Code: l.Code}
	}
	beat.JournalLines = &shown
	return nil
}

func (w *Witness) read(ctx context.Context) (lines []proof.Line, head journal.Head, err error) {
	if w.kept == nil {
		head, err = w.journal.Head(ctx)
		return nil, head, err
	}
	return w.journal.Since(ctx, journal.Head{Generation: w.kept.Generation, Seq: max(0, w.kept.Seq)})
}

// Heard takes from an answer which head the central keeps. One of an older version
// does not say, and takes no lines.
func (w *Witness) Heard(a api.HeartbeatAnswer) { w.kept = a.JournalKept }

// Refused is told when the central does not take a heartbeat for one of the contract:
// it may have become an older one.
func (w *Witness) Refused() { w.kept = nil }

// Sign is a head in the terminal's hand.
func Sign(id *identity.Identity, head journal.Head) (string, error) {
	note, err := proof.Head{Terminal: id.Name(), Seq: head.Seq, Hash: head.Hash, Generation: head.Generation}.Sign(id.Key())
	if err != nil {
		return "", fmt.Errorf("attest journal: %w", err)
	}
	return note, nil
}
