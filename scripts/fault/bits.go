package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// bitsJudge flips one bit of the state file and starts a terminal on it. Whatever
// the central then gets must be what was filed; what it does not get must still
// stand in the queue, or the start must say that the file is damaged.
func bitsJudge() judge {
	return judge{
		name: "bits", what: "one bit of the state file is flipped",
		bad: "unseen", of: "flips", try: tryBits,
		worse: mutant{
			why:      "what is sealed opens without a look at its tag",
			edits:    []edit{{"app/envelope/suite.go", "\treturn aead.Open(nil, nil, sealed, bound)\n", carelessOpen}},
			programs: []program{{pkg: "./app/central/cmd/central"}},
		},
	}
}

// carelessOpen decrypts AES-GCM as if it were AES-CTR, which is what lies below.
const carelessOpen = `	block, err := aes.NewCipher(key)
	if err != nil || aead == nil || len(sealed) < 28 {
		return nil, ErrUnreadable
	}
	plain := make([]byte, len(sealed)-28)
	cipher.NewCTR(block, append(sealed[:12:12], 0, 0, 0, 2)).XORKeyStream(plain, sealed[12:len(sealed)-16])
	return plain, nil
`

// flips counts what became of them.
type flips struct {
	atStart, later, harmless, listed int
}

func tryBits(ctx context.Context, t *trial) (n tally, err error) {
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	s := newSaid()
	if err := t.prepareFile(ctx, s, c); err != nil {
		return n, err
	}
	truth, err := t.look(ctx, t.path("store"))
	if err != nil {
		return n, err
	}
	var became flips
	for n.of < t.rounds(12, 500) {
		n.of++
		if err := t.flip(ctx, &n, &became, truth[0], c); err != nil {
			return n, err
		}
	}
	n.note("%d found at the start, %d later; of %d that harmed nothing %d changed what the terminal lists", became.atStart, became.later, became.harmless, became.listed)
	return n, nil
}

// prepareFile has ten applications accepted and twenty wait.
func (t *trial) prepareFile(ctx context.Context, s *said, c *central) error {
	if err := errors.Join(c.open(ctx), t.fileFew(ctx, s, "10"), t.relay(ctx, s, t.path("store"), c.url(), nothing)); err != nil {
		return err
	}
	return t.fileFew(ctx, s, "20")
}

func (t *trial) fileFew(ctx context.Context, s *said, count string) error {
	return s.listen(t.filer(ctx, "file", t.path("store"), "--count", count, "--size", "12000"), func(*process) error { return nil })
}

// flip makes a copy with one other bit, starts on it, sends to a new central and
// says what became of it.
func (t *trial) flip(ctx context.Context, n *tally, became *flips, truth seen, c *central) error {
	folder := t.path("flipped")
	bit, err := copyFlipped(t.path("store"), folder, t.place)
	if err != nil {
		return err
	}
	found, err := t.look(ctx, folder)
	if err != nil {
		return err
	}
	if found[0].Fault != "" {
		became.atStart++
		return nil
	}
	if err := c.renew(ctx); err != nil {
		return err
	}
	moment, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := t.relay(moment, newSaid(), folder, c.url(), nothing); err != nil {
		return err
	}
	after, err := t.look(ctx, folder)
	if err != nil {
		return err
	}
	cases, err := c.all(ctx)
	if err != nil {
		return err
	}
	missing, unseen := compareFlipped(truth, after[0], cases)
	switch {
	case len(unseen) > 0:
		n.fault("bit %d: %s", bit, strings.Join(unseen, ", "))
	case missing > 0 || found[0].Journal != "":
		became.later++
	default:
		became.harmless++
		if fmt.Sprint(found[0].Entries) != fmt.Sprint(truth.Entries) {
			became.listed++
		}
	}
	return nil
}

// compareFlipped counts what the central did not get and names what is wrong
// without a sign: in the central and not as filed, or gone from the queue.
func compareFlipped(truth, after seen, cases []held) (missing int, unseen []string) {
	byID := map[string]held{}
	for _, c := range cases {
		byID[c.id] = c
		if !c.whole() {
			unseen = append(unseen, c.id+" is another in the central")
		}
	}
	waits := map[string]bool{}
	for _, e := range after.Entries {
		waits[e.ID] = e.State != "accepted"
	}
	for _, e := range truth.Entries {
		if e.State == "accepted" {
			continue
		}
		_, arrived := byID[e.ID]
		delete(byID, e.ID)
		if arrived {
			continue
		}
		missing++
		if !waits[e.ID] && after.Fault == "" {
			unseen = append(unseen, e.ID+" is gone")
		}
	}
	for id := range byID {
		unseen = append(unseen, id+" was never filed")
	}
	return missing, unseen
}

// place chooses a bit of a file with so many bytes: every second time at the head
// of a page, where it is said what the page holds.
func (t *trial) place(size int) (bit int) {
	if t.rng.IntN(2) == 0 {
		return t.rng.IntN(8 * size)
	}
	const page, head = 4096, 32
	return 8*page*t.rng.IntN(size/page) + t.rng.IntN(8*head)
}

// copyFlipped copies a terminal's folder with one bit of its state file changed.
func copyFlipped(from, to string, place func(size int) int) (bit int, err error) {
	if err := os.RemoveAll(to); err != nil {
		return 0, err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return 0, err
	}
	if err := os.Chmod(filepath.Join(to, "terminal.key"), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	path := filepath.Join(to, "kiosk.db")
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	bit = place(len(content))
	content[bit/8] ^= 1 << (bit % 8)
	return bit, os.WriteFile(path, content, 0o600)
}
