package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"leye/app/proof"
)

// JournalHead is the highest head of a terminal's journal that was heard of.
type JournalHead struct {
	Terminal string
	Seq      int64
	Hash     string // hex; empty when the journal has no line
	Note     string // as the terminal signed it; empty when none was ever good
	Key      string // that signed it, in the form for notes
	SeenAt   time.Time

	Generation int64 // how many journals of the terminal ended with a damaged store

	Proofs   int // how often the terminal has shown which lines lead to a higher head
	Unproven int // higher heads that came since without them, and were not kept

	Alarm     HeadAlarm // why the terminal cannot be believed; stays until staff settle it
	AlarmAt   time.Time
	AlarmNote string // what came instead
}

// HeadAlarm is what is wrong with a head that came.
type HeadAlarm string

// The alarms.
const (
	NoAlarm       HeadAlarm = ""
	HeadLower     HeadAlarm = "lower"     // lines are gone from the end
	HeadDifferent HeadAlarm = "different" // the same number with another hash
	HeadUnsigned  HeadAlarm = "unsigned"  // not signed by the terminal's key
	HeadMissing   HeadAlarm = "missing"   // none came, after one had come
	HeadRestarted HeadAlarm = "restarted" // the terminal says that its store was damaged and the journal begins anew
	HeadRewritten HeadAlarm = "rewritten" // the lines that were shown do not lead from the one before to it
	HeadUnproven  HeadAlarm = "unproven"  // again and again none were shown, after some had been
)

// mostUnproven is how many heads in a row may come without their lines. A terminal
// that starts does not know yet from where on to show them, and one whose answers
// are lost does not get to know it.
const mostUnproven = 15

// Head keeps a head that its terminal signed, if it is higher than the one before and
// the lines that were shown with it lead there, and returns the alarm that it raises:
// news only, not one that stands already. A terminal that has never shown lines is
// believed. The head of a journal that began anew takes the place of the one before,
// which is kept beside it: what of it was lost is for staff to look at, so it is an
// alarm too.
func (l *Ledger) Head(ctx context.Context, h JournalHead, lines []proof.Line) (news HeadAlarm, err error) {
	h.SeenAt = l.now()
	err = l.change(ctx, func(tx *sql.Tx) error {
		before, err := head(ctx, tx, h.Terminal)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		kept, alarm := h.after(before, lines)
		if alarm != NoAlarm {
			if news, err = raise(ctx, tx, before, alarm, h.Note, l.now()); err != nil {
				return err
			}
		}
		if alarm == HeadRestarted {
			if err := keepEarlier(ctx, tx, before); err != nil {
				return err
			}
		}
		return keep(ctx, tx, kept)
	})
	if err != nil {
		return NoAlarm, fmt.Errorf("keep journal head: %w", err)
	}
	return news, nil
}

// after says what is kept once h has come after the one before, with lines, and what
// is wrong with it.
func (h JournalHead) after(before JournalHead, lines []proof.Line) (kept JournalHead, alarm HeadAlarm) {
	h.Proofs, h.Unproven = before.Proofs, before.Unproven
	alarm = h.against(before)
	switch {
	case alarm == HeadRestarted:
		h.Unproven = 0
		return h, alarm
	case alarm != NoAlarm:
		return before, alarm
	case before.Note == "" || h.Seq == before.Seq:
		return h, NoAlarm
	}
	shown, leads := before.leadTo(h, lines)
	switch {
	case leads:
		h.Proofs, h.Unproven = before.Proofs+1, 0
	case shown:
		return before, HeadRewritten
	case before.Proofs > 0:
		if before.Unproven++; before.Unproven >= mostUnproven {
			alarm = HeadUnproven
		}
		return before, alarm
	}
	return h, NoAlarm
}

// leadTo reports whether lines, of which the last is that of a higher head, begin
// early enough to show how the journal came there, and whether it did. What they
// hold of the time before was shown already: an answer may have been lost.
func (h JournalHead) leadTo(higher JournalHead, lines []proof.Line) (shown, leads bool) {
	early := int64(len(lines)) - (higher.Seq - h.Seq)
	if early < 0 {
		return false, false
	}
	grown, err := h.named().Grown(lines[early:])
	return true, err == nil && grown == higher.named()
}

// named is what a head says, without what the central knows of it.
func (h JournalHead) named() proof.Head {
	return proof.Head{Terminal: h.Terminal, Seq: h.Seq, Hash: h.Hash, Generation: h.Generation}
}

func keep(ctx context.Context, tx *sql.Tx, h JournalHead) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO journal_head
		(terminal, seq, hash, note, key, seen_at, alarm, alarm_at, alarm_note, generation, proofs, unproven)
		VALUES ($1, $2, $3, $4, $5, $6, '', 0, '', $7, $8, $9)
		ON CONFLICT (terminal) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, note = excluded.note,
		key = excluded.key, seen_at = excluded.seen_at, generation = excluded.generation,
		proofs = excluded.proofs, unproven = excluded.unproven`,
		h.Terminal, h.Seq, h.Hash, h.Note, h.Key, millis(h.SeenAt), h.Generation, h.Proofs, h.Unproven)
	return err
}

// against holds a head against the one before; one that only an alarm stands of says
// nothing.
func (h JournalHead) against(before JournalHead) HeadAlarm {
	switch {
	case h.Generation > before.Generation && before.Note != "":
		return HeadRestarted
	case h.Generation < before.Generation || h.Generation == before.Generation && h.Seq < before.Seq:
		return HeadLower
	case h.Generation == before.Generation && h.Seq == before.Seq && h.Hash != before.Hash && before.Note != "":
		return HeadDifferent
	}
	return NoAlarm
}

func keepEarlier(ctx context.Context, tx *sql.Tx, h JournalHead) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO journal_earlier (terminal, generation, seq, hash, note, key, seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (terminal, generation) DO NOTHING`,
		h.Terminal, h.Generation, h.Seq, h.Hash, h.Note, h.Key, millis(h.SeenAt))
	return err
}

// EarlierHeads returns the last heads of a terminal's journals that ended with a
// damaged store, oldest first.
func (l *Ledger) EarlierHeads(ctx context.Context, terminal string) ([]JournalHead, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT terminal, seq, hash, note, key, seen_at, '', 0, '', generation, 0, 0
		FROM journal_earlier WHERE terminal = $1 ORDER BY generation`, terminal)
	if err != nil {
		return nil, fmt.Errorf("list earlier journal heads: %w", err)
	}
	return collect(rows, scanHead)
}

// DoubtHead raises an alarm about a head that is no good, or about none; a
// terminal of which none was ever heard may stay without.
func (l *Ledger) DoubtHead(ctx context.Context, terminal string, alarm HeadAlarm, note string) (news HeadAlarm, err error) {
	err = l.change(ctx, func(tx *sql.Tx) error {
		before, err := head(ctx, tx, terminal)
		if errors.Is(err, ErrNotFound) {
			if alarm == HeadMissing {
				return nil
			}
			before = JournalHead{Terminal: terminal}
		} else if err != nil {
			return err
		}
		news, err = raise(ctx, tx, before, alarm, note, l.now())
		return err
	})
	if err != nil {
		return NoAlarm, fmt.Errorf("keep journal head: %w", err)
	}
	return news, nil
}

// raise keeps the first alarm: what came later tells less.
func raise(ctx context.Context, tx *sql.Tx, before JournalHead, alarm HeadAlarm, note string, now time.Time) (HeadAlarm, error) {
	if before.Alarm != NoAlarm {
		return NoAlarm, nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO journal_head
		(terminal, seq, hash, note, key, seen_at, alarm, alarm_at, alarm_note) VALUES ($1, 0, '', '', '', 0, $2, $3, $4)
		ON CONFLICT (terminal) DO UPDATE SET alarm = excluded.alarm, alarm_at = excluded.alarm_at, alarm_note = excluded.alarm_note`,
		before.Terminal, string(alarm), millis(now), note)
	return alarm, err
}

const headColumns = `terminal, seq, hash, note, key, seen_at, alarm, alarm_at, alarm_note, generation, proofs, unproven`

func scanHead(r row) (JournalHead, error) {
	var h JournalHead
	var seen, alarmed int64
	err := r.Scan(&h.Terminal, &h.Seq, &h.Hash, &h.Note, &h.Key, &seen, &h.Alarm, &alarmed, &h.AlarmNote, &h.Generation, &h.Proofs, &h.Unproven)
	h.SeenAt, h.AlarmAt = fromMillis(seen), fromMillis(alarmed)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return h, err
}

func head(ctx context.Context, q querier, terminal string) (JournalHead, error) {
	return scanHead(q.QueryRowContext(ctx, `SELECT `+headColumns+` FROM journal_head WHERE terminal = $1`, terminal))
}

// JournalHead returns what is kept of a terminal's journal, or ErrNotFound.
func (l *Ledger) JournalHead(ctx context.Context, terminal string) (JournalHead, error) {
	h, err := head(ctx, l.db.read, terminal)
	if err != nil {
		return JournalHead{}, fmt.Errorf("find journal head: %w", err)
	}
	return h, nil
}

// JournalHeads returns those of all terminals, by terminal.
func (l *Ledger) JournalHeads(ctx context.Context) ([]JournalHead, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+headColumns+` FROM journal_head ORDER BY terminal`)
	if err != nil {
		return nil, fmt.Errorf("list journal heads: %w", err)
	}
	return collect(rows, scanHead)
}

// SettleHead forgets a terminal's head and alarm, so that the next head counts
// from the start, and returns what was forgotten.
func (l *Ledger) SettleHead(ctx context.Context, terminal string) (h JournalHead, err error) {
	err = l.change(ctx, func(tx *sql.Tx) error {
		if h, err = head(ctx, tx, terminal); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM journal_head WHERE terminal = $1`, terminal)
		return err
	})
	if err != nil {
		return JournalHead{}, fmt.Errorf("settle journal head: %w", err)
	}
	return h, nil
}
