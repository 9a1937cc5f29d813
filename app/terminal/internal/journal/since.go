package journal

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"

	"leye/app/proof"
)

// mostText is about how many bytes of text are shown at once: written as JSON, it
// stays far below what a central takes.
const mostText = 128 << 10

// Since reads how the journal went on after a head that somebody keeps: the lines
// after it, oldest first, and the head at the last of them. Of many it gives the
// first [proof.MostLines] or 128 KiB of text, at least one. Where there is nothing to
// show, because the head is of another journal or nothing follows it, there is no
// line, and the head is the newest.
func (j *Journal) Since(ctx context.Context, known Head) (lines []proof.Line, head Head, err error) {
	err = j.db.View(ctx, func(tx *sql.Tx) (err error) {
		if head, err = newest(ctx, tx); err != nil || head.Generation != known.Generation || head.Seq <= known.Seq {
			return err
		}
		lines, head, err = following(ctx, tx, known)
		return err
	})
	if err != nil {
		return nil, Head{}, fmt.Errorf("read the journal's newest lines: %w", err)
	}
	return lines, head, nil
}

func following(ctx context.Context, tx *sql.Tx, known Head) (lines []proof.Line, head Head, err error) {
	rows, err := tx.QueryContext(ctx, columns+"journal WHERE seq > ? ORDER BY seq LIMIT ?", known.Seq, proof.MostLines)
	if err != nil {
		return nil, Head{}, err
	}
	defer rows.Close()
	head = known
	for room := mostText; room > 0 && rows.Next(); {
		var l proof.Line
		var prev, hash []byte
		if err := rows.Scan(&head.Seq, &l.At, &l.Event, &l.Entry, &l.Code, &prev, &hash); err != nil {
			return nil, Head{}, err
		}
		head.Hash = hex.EncodeToString(hash)
		lines = append(lines, l)
		room -= len(l.Event) + len(l.Entry) + len(l.Code)
	}
	return lines, head, rows.Err()
}
