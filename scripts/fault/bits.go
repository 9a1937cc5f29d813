package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bitsJudge harms state file or log and starts a terminal on them. It must serve
// again within seconds, with every application that the harm has not touched; what
// the central then gets must be what was filed.
func bitsJudge() judge {
	return judge{
		name: "bits", what: "state file or log has a flipped bit, a torn sector or no end",
		bad: "wrong", of: "harmed stores", try: tryBits,
		worse: mutant{
			why:      "nothing is salvaged of a store that is set aside",
			edits:    []edit{{"app/terminal/internal/quarantine/build.go", "return k.fill(ctx, db, &newest, true)", "return k.fill(ctx, db, &newest, false)"}},
			programs: []program{{pkg: "./app/terminal/cmd/filer"}},
		},
	}
}

// back is how long a terminal may take until it serves again.
const back = 10 * time.Second

// flips counts what became of them.
type flips struct {
	aside, later, harmless, listed int
	touched, saved                 int // applications that were harmed themselves, and those that came through
	slowest                        time.Duration
	kinds                          map[string]int
}

func tryBits(ctx context.Context, t *trial) (n tally, err error) {
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	truth, err := t.prepareFiles(ctx, c)
	if err != nil {
		return n, err
	}
	became := flips{kinds: map[string]int{}}
	for n.of < t.rounds(10, 500) {
		n.of++
		if err := t.flip(ctx, &n, &became, truth, c); err != nil {
			return n, err
		}
	}
	n.note("%v; %d set aside, %d found later, %d harmless, of which %d changed what the terminal lists", became.kinds, became.aside, became.later, became.harmless, became.listed)
	n.note("applications: %d of %d waiting and accepted were harmed themselves, %d of these came through", became.touched, n.of*len(truth), became.saved)
	n.note("the slowest start took %d ms", became.slowest.Milliseconds())
	return n, nil
}

// prepareFiles has ten applications accepted, and twenty wait when the terminal is
// killed: some are in the file, some in the log. It returns them as they lie there.
func (t *trial) prepareFiles(ctx context.Context, c *central) ([]placed, error) {
	s, store := newSaid(), t.path("store")
	first := s.listen(t.filer(ctx, "file", store, "--count", "15", "--size", "12000"), func(*process) error { return nil })
	if err := errors.Join(first, c.open(ctx), t.relaySome(ctx, s, store, c.url(), 10)); err != nil {
		return nil, err
	}
	kept := len(s.kept) + 15
	err := s.listen(t.filer(ctx, "file", store, "--size", "12000"), func(p *process) error {
		if len(s.kept) < kept {
			return nil
		}
		return p.signal(syscall.SIGKILL)
	})
	if err != nil {
		return nil, err
	}
	truth, err := t.where(ctx, store)
	if err != nil {
		return nil, err
	}
	for id := range s.kept {
		if !slices.ContainsFunc(truth, func(p placed) bool { return p.ID == id }) {
			return nil, fmt.Errorf("%s was called kept and is not found in the pages", id)
		}
	}
	return truth, nil
}

// relaySome sends until so many are accepted.
func (t *trial) relaySome(ctx context.Context, s *said, store, url string, most int) error {
	return s.listen(t.filer(ctx, "relay", store, "--central", url, "--empty"), func(p *process) error {
		if len(s.accepted) < most {
			return nil
		}
		return p.signal(syscall.SIGTERM)
	})
}

// placed is one application as it lies on the disk, and where.
type placed struct {
	listed
	Extents []struct {
		Log            bool
		Offset, Length int
	}
}

// where asks for all applications without opening the store.
func (t *trial) where(ctx context.Context, store string) (list []placed, err error) {
	words, err := t.filer(ctx, "where", store).Output()
	if err != nil {
		return nil, fmt.Errorf("look into the pages: %w", err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(words)); decoder.More(); {
		var p placed
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("look into the pages: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

// hit is a piece of a file that is changed or, up to its end, gone.
type hit struct {
	log        bool
	begin, end int
	kind       string
}

func (h hit) touches(p placed) bool {
	for _, e := range p.Extents {
		if e.Log == h.log && e.Offset < h.end && h.begin < e.Offset+e.Length {
			return true
		}
	}
	return false
}

// flip makes a copy with one harm, starts on it, files one more, sends all to a new
// central and says what became of it.
func (t *trial) flip(ctx context.Context, n *tally, became *flips, truth []placed, c *central) error {
	folder := t.path("harmed")
	h, err := copyHarmed(t.path("store"), folder, t.rng)
	if err != nil {
		return err
	}
	became.kinds[h.kind]++
	began := time.Now()
	found, err := t.look(ctx, folder)
	if err != nil {
		return err
	}
	took := time.Since(began)
	became.slowest = max(became.slowest, took)
	if err := c.renew(ctx); err != nil {
		return err
	}
	s := newSaid()
	if err := s.listen(t.filer(ctx, "file", folder, "--count", "1", "--size", "12000"), func(*process) error { return nil }); err != nil {
		return err
	}
	moment, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := t.relay(moment, s, folder, c.url(), nothing); err != nil {
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
	v := verdict{hit: h, truth: truth, found: found[0], after: after[0], cases: cases, more: s}
	wrong := v.wrong()
	if took > back {
		wrong = append(wrong, fmt.Sprintf("it took %v", took))
	}
	if len(wrong) > 0 {
		n.fault("%s at %d (log: %v), set aside %d: %s", h.kind, h.begin, h.log, found[0].Aside, strings.Join(wrong, ", "))
	}
	v.count(became)
	return nil
}

// verdict is all that is known of one harmed store.
type verdict struct {
	hit          hit
	truth        []placed
	found, after seen // at the first start, and after all was sent
	cases        []held
	more         *said // what was filed since
}

// wrong names what must not be.
func (v verdict) wrong() (wrong []string) {
	if v.found.Fault != "" || v.after.Fault != "" {
		wrong = append(wrong, "it does not serve: "+v.found.Fault+v.after.Fault)
	}
	if len(v.more.kept) != 1 {
		wrong = append(wrong, "it keeps nothing more")
	}
	given := map[string]string{}
	for _, e := range v.truth {
		given[e.Reference] = e.ID
	}
	for id, c := range v.more.kept {
		if other := given[c.reference]; other != "" {
			wrong = append(wrong, fmt.Sprintf("%s and %s have the reference %s", other, id, c.reference))
		}
	}
	arrived, known := map[string]bool{}, map[string]bool{}
	for _, e := range v.truth {
		known[e.ID] = true
	}
	for _, c := range v.cases {
		arrived[c.id] = true
		if !c.whole() {
			wrong = append(wrong, c.id+" is another in the central")
		}
		if _, filed := v.more.kept[c.id]; !known[c.id] && !filed {
			wrong = append(wrong, c.id+" was never filed")
		}
	}
	for _, e := range v.truth {
		switch {
		case arrived[e.ID] || v.has(e):
		case !v.hit.touches(e):
			wrong = append(wrong, e.ID+" is gone, and nothing had harmed it")
		case v.found.Aside+v.after.Aside == 0:
			wrong = append(wrong, e.ID+" is gone without a sign")
		}
	}
	return wrong
}

// has reports whether the terminal still has it: waiting, or accepted as before.
func (v verdict) has(e placed) bool {
	return slices.ContainsFunc(v.after.Entries, func(l listed) bool {
		return l.ID == e.ID && (l.State != "accepted" || e.State == "accepted" && l.Number == e.Number)
	})
}

func (v verdict) count(became *flips) {
	missing, arrived := 0, map[string]bool{}
	for _, c := range v.cases {
		arrived[c.id] = true
	}
	for _, e := range v.truth {
		if v.hit.touches(e) {
			became.touched++
			if arrived[e.ID] || v.has(e) {
				became.saved++
			}
		}
		if e.State != "accepted" && !arrived[e.ID] {
			missing++
		}
	}
	switch {
	case v.after.Aside > 0:
		became.aside++
	case missing > 0 || v.found.Journal != "":
		became.later++
	default:
		became.harmless++
		if slices.ContainsFunc(v.truth, func(p placed) bool { return !slices.Contains(v.found.Entries, p.listed) }) {
			became.listed++
		}
	}
}

// harm changes a file in one of the ways in which storage fails: every second bit is
// at the head of a page, where it is said what the page holds.
func (h *hit) harm(content []byte, rng *rand.Rand) []byte {
	const header, page, sector, head = 32, 4096, 512, 32
	switch rng.IntN(8) {
	case 0:
		h.kind, h.begin, h.end = "no end", header+rng.IntN(len(content)-header), len(content)
		return content[:h.begin]
	case 1, 2:
		h.kind, h.begin = "torn sector", sector*rng.IntN(len(content)/sector)
		h.end = h.begin + sector
		for i := h.begin; i < h.end; i++ {
			content[i] = byte(rng.Uint32())
		}
		return content
	}
	bit := rng.IntN(8 * len(content))
	if rng.IntN(2) == 0 {
		bit = 8*page*rng.IntN(len(content)/page) + rng.IntN(8*head)
	}
	h.kind, h.begin, h.end = "flipped bit", bit/8, bit/8+1
	content[h.begin] ^= 1 << (bit % 8)
	return content
}

// copyHarmed copies a terminal's folder with one harm in its state file or log.
func copyHarmed(from, to string, rng *rand.Rand) (h hit, err error) {
	if err := os.RemoveAll(to); err != nil {
		return h, err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return h, err
	}
	if err := os.Chmod(filepath.Join(to, "terminal.key"), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	path := filepath.Join(to, "kiosk.db")
	if h.log = rng.IntN(2) == 0; h.log {
		path += "-wal"
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return h, err
	}
	return h, os.WriteFile(path, h.harm(content, rng), 0o600)
}
