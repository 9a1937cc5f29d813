package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"leye/app/api"
	"leye/app/evacuation"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/uplink"
)

func evacuateCommand() command {
	return command{
		name:    "evacuate",
		summary: "put all that waits into a file that another terminal adopts, and take nothing more",
		about: "For a terminal that is failing, with or without a line. The file is sealed to the central: who finds it\n" +
			"learns the terminal's name and how many applications are in it. It is written, read back and compared\n" +
			"before anything changes here; then these applications are never sent from here, and the terminal is out\n" +
			"of service. The kiosk may be running. Carry the file to another terminal, run kioskctl adopt there, and\n" +
			"keep the file until that terminal's queue is empty.\n\n" +
			"--undo asks the central to cancel the newest evacuation: as long as no terminal has adopted it, the\n" +
			"applications are sent from here again and the terminal is back in service. It takes a line.\n" +
			"--reopen puts the terminal back into service with an empty queue and leaves the evacuation as it is.",
		examples: []string{"evacuate --to /media/usb", "evacuate --undo", "evacuate --reopen --config /etc/leye/kiosk.toml"},
		exits:    []int{exitFailed, exitNotReady},
		own:      map[int]string{exitFailed: "failed", exitNotReady: "nothing waits, or another terminal has adopted it"},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			to := f.String("to", "", "`FOLDER` for the file, such as a USB stick's")
			undo := f.Bool("undo", false, "take the newest evacuation back")
			reopen := f.Bool("reopen", false, "put the terminal back into service")
			return func(ctx context.Context, _ []string, s streams) error {
				asked := 0
				for _, one := range []bool{*to != "", *undo, *reopen} {
					if one {
						asked++
					}
				}
				if asked != 1 {
					return wrongUsage("evacuate terminal: give one of --to, --undo and --reopen")
				}
				return withTerminal(ctx, configs, func(t *evacuee) error {
					switch {
					case *undo:
						return t.undo(ctx, s.out)
					case *reopen:
						return t.reopen(ctx, s.out)
					}
					return t.evacuate(ctx, *to, s.out)
				})
			}
		},
	}
}

// evacuee is a terminal whose queue comes or goes in a file.
type evacuee struct {
	cfg      config.Config
	identity *identity.Identity
	db       *store.Store
	queue    *outbox.Reader
	journal  *journal.Journal
}

// withTerminal runs f over the terminal's store and identity.
func withTerminal(ctx context.Context, configs files, f func(*evacuee) error) (err error) {
	cfg, err := configs.load()
	if err != nil {
		return err
	}
	t := &evacuee{cfg: cfg}
	t.identity, err = identity.Load(cfg.Store.Dir)
	if err == nil && t.identity.Name() != cfg.Terminal.ID {
		err = fmt.Errorf("the terminal is enrolled as %s, the configuration says %s", t.identity.Name(), cfg.Terminal.ID)
	}
	if err != nil {
		return &failure{exitFailed, fmt.Errorf("look who this is: %w", err), "kioskctl enrol --help"}
	}
	if t.db, err = openStoreAs(ctx, cfg, store.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.db.Close()) }()
	t.queue, t.journal = outbox.NewReader(t.db, nil), journal.New(t.db, journal.Options{})
	return f(t)
}

// attempts is how often a new file is made because more was filed meanwhile: visits
// take minutes, a file takes seconds.
const attempts = 5

func (t *evacuee) evacuate(ctx context.Context, dir string, out io.Writer) error {
	for n := 1; ; n++ {
		e, err := t.evacuateOnce(ctx, dir)
		if errors.Is(err, outbox.ErrGrown) && n < attempts {
			continue
		}
		if err != nil {
			return err
		}
		left, err := t.queue.Count(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "ok, applications in %s: %d\nevacuation %s; this terminal is out of service\n", e.File, e.Count, e.ID)
		if rest := left.Waiting() + left.Parked; err == nil && rest > 0 {
			_, err = fmt.Fprintf(out, "left here: %d, too many for one file, or readable by this terminal alone; run it again\n", rest)
		}
		if err == nil {
			_, err = fmt.Fprintf(out, "carry the file to another terminal and run there: kioskctl adopt %s\n", filepath.Base(e.File))
		}
		return err
	}
}

func (t *evacuee) evacuateOnce(ctx context.Context, dir string) (e outbox.Evacuation, err error) {
	list, whole, err := t.queue.ToCarry(ctx, evacuation.MostEntries, evacuation.MostBytes)
	if err != nil {
		return e, err
	}
	if len(list) == 0 {
		return e, &failure{exitNotReady, errors.New("evacuate terminal: nothing waits that a central could open"), "kioskctl outbox list"}
	}
	now := time.Now().Truncate(time.Millisecond)
	f, err := t.seal(ctx, list, now)
	if err != nil {
		return e, fmt.Errorf("evacuate terminal: %w", err)
	}
	name := fmt.Sprintf("%s-%s-%s%s", f.Terminal, now.In(kiosk.China).Format("20060102"), f.ID[:8], evacuation.Extension)
	path, err := put(dir, name, f, t.identity.Key().Public().(ed25519.PublicKey))
	if err != nil {
		return e, fmt.Errorf("evacuate terminal: %w", err)
	}
	e = outbox.Evacuation{ID: f.ID, Count: f.Count, Statement: f.Statement, File: path, At: now}
	var ids []kiosk.ApplicationID
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	_, err = outbox.Evacuate(ctx, t.db, t.journal, e, ids, whole)
	switch {
	case errors.Is(err, outbox.ErrGrown):
		return e, errors.Join(err, os.Remove(path))
	case err != nil:
		// Without the marks the central's fence still holds.
		return e, &failure{exitFailed, fmt.Errorf("evacuate terminal: %w", err), "switch this terminal off and adopt " + path + ": it is whole"}
	}
	return e, nil
}

// seal makes the file for the central whose key this terminal trusts.
func (t *evacuee) seal(ctx context.Context, list []outbox.Carried, now time.Time) (evacuation.File, error) {
	central, err := t.queue.Central(ctx)
	if err != nil {
		return evacuation.File{}, err
	}
	entries := make([]evacuation.Entry, len(list))
	for i, c := range list {
		entries[i] = evacuation.Entry{
			Reference: string(c.Reference), Service: c.Service, FiledAt: c.FiledAt, PromisedAt: c.PromisedAt,
			Order: c.Order, Reason: string(c.Reason), Sealed: c.Sealed,
		}
	}
	return evacuation.Seal(t.cfg.Terminal.ID, evacuation.NewID(), entries, now, central, t.identity.Key())
}

// put writes f under a name in a folder, whole and on the medium, and has read it
// back from there before the name stands.
func put(dir, name string, f evacuation.File, by ed25519.PublicKey) (path string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	w, err := os.CreateTemp(dir, ".evacuation-*") // of mode 0600
	if err != nil {
		return "", err
	}
	temporary := w.Name()
	data := f.Encode()
	_, err = w.Write(data)
	if err = errors.Join(err, w.Sync(), w.Close()); err == nil {
		err = readBack(temporary, data, by)
	}
	path = filepath.Join(dir, name)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temporary))
	}
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return "", err
	}
	return path, errors.Join(d.Sync(), d.Close())
}

// readBack compares a file with what was written, as the medium gives it: the
// kernel is told to forget its own copy.
func readBack(path string, want []byte, by ed25519.PublicKey) error {
	r, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	// Where it cannot be done the comparison is worth less, not wrong.
	_ = unix.Fadvise(int(r.Fd()), 0, 0, unix.FADV_DONTNEED)
	have, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	f, err := evacuation.Decode(have)
	if err == nil && !bytes.Equal(have, want) {
		err = evacuation.ErrDamaged
	}
	if err == nil {
		err = f.Check(f.Statement, []ed25519.PublicKey{by})
	}
	if err != nil {
		return fmt.Errorf("read back what was written: %w", err)
	}
	return nil
}

// line opens the way to the central.
func (t *evacuee) line() (*uplink.Uplink, error) {
	if t.cfg.Central.Clear() {
		return nil, &failure{exitFailed, fmt.Errorf("open line: %s is in the clear, nobody adopts there", t.cfg.Central.URL), "set [central] url to https"}
	}
	return uplink.New(uplink.Config{
		Base: t.cfg.Central.URL, Timeout: t.cfg.Central.Timeout, Identity: t.identity, Clock: clock.New(kiosk.BuiltAt()),
	})
}

func (t *evacuee) undo(ctx context.Context, out io.Writer) error {
	e, err := t.newest(ctx)
	if err != nil {
		return err
	}
	line, err := t.line()
	if err != nil {
		return err
	}
	err = line.Cancel(ctx, e.ID, e.Statement)
	if err = errors.Join(err, line.Close()); err != nil {
		return unsettled("take evacuation back", err)
	}
	n, err := outbox.TakeBack(ctx, t.db, t.journal, time.Now(), e.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "ok, applications sent from here again: %d\n%s is of no use any more\n", n, e.File)
	return err
}

// newest is the last evacuation that was not taken back.
func (t *evacuee) newest(ctx context.Context) (outbox.Evacuation, error) {
	list, err := t.queue.Evacuations(ctx)
	if err != nil {
		return outbox.Evacuation{}, err
	}
	for _, e := range list {
		if e.UndoneAt.IsZero() {
			return e, nil
		}
	}
	return outbox.Evacuation{}, &failure{exitNotReady, errors.New("take evacuation back: there is none"), "kioskctl outbox list"}
}

// unsettled says what the central refused, or that it was not reached.
func unsettled(what string, err error) error {
	var no *uplink.Unsettled
	switch {
	case !errors.As(err, &no):
		return &failure{exitFailed, fmt.Errorf("%s: nothing was changed: %w", what, err), "kioskctl doctor"}
	case no.Code == api.ProblemCodeAdopted || no.Code == api.ProblemCodeCancelled:
		return &failure{exitNotReady, fmt.Errorf("%s: nothing was changed: %w", what, err), ""}
	}
	return &failure{exitFailed, fmt.Errorf("%s: nothing was changed: %w", what, err), ""}
}

func (t *evacuee) reopen(ctx context.Context, out io.Writer) error {
	err := outbox.Reopen(ctx, t.db, t.journal, time.Now())
	if errors.Is(err, outbox.ErrNoEvacuation) {
		return &failure{exitNotReady, errors.New("reopen terminal: no evacuation keeps it out of service"), "kioskctl doctor"}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "ok, the terminal takes applications again")
	return err
}
