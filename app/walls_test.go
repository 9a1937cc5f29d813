package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// wall is what a package must not reach, by itself or through what it imports.
// Patterns name packages of this module without its name; "..." at the end takes
// in all below. Only lists our packages that may be reached; others of ours are
// then forbidden.
type wall struct {
	from  string
	only  []string
	never []string // reached in any way
	names []string // named in its own import lines; these come along with libraries
	why   string
}

const internal = "app/terminal/internal/"

var values = []string{"devices/idcard", "devices/printer", "devices/scanner"}

var walls = []wall{
	{from: "devices/...", never: []string{"app/...", "fyne.io/..."}, why: "devices serve any program; they know bytes and values, not residents"},
	{from: "devices/idcard", only: []string{}, why: "a value package: whoever handles a card must not drag in a driver"},
	{from: "devices/printer", only: []string{}, why: "a value package: whoever composes a slip must not drag in a driver"},
	{from: "devices/printer/dots", only: []string{}, why: "it reads dots; which printer prints them is the driver's business"},
	{from: "devices/scanner", only: []string{"devices/idcard"}, why: "a value package: whoever handles a code must not drag in a driver; a person's number is told from a credit code by its own rules"},
	{from: "devices/lamp", only: []string{}, why: "a value package: whoever decides what is lit must not drag in a driver"},
	{from: "devices/speaker", only: []string{}, why: "a value package: whoever decides what sounds must not drag in a driver"},
	{from: "assets", only: []string{}, why: "declared files hold no logic"},
	{from: "app/api", only: []string{}, why: "the contract is what both sides agree on, not what one of them does"},
	{from: "app/envelope", only: []string{}, why: "terminal and central agree on how a body is sealed, not on where keys lie"},
	{from: "app/harden", only: []string{}, why: "it closes any process; what the process does is not its matter"},
	{from: "app/proof/...", only: []string{"app/proof"}, why: "terminal and central agree on what proves what, not on who holds which key"},
	{from: "app/evacuation", only: []string{"app/envelope", "app/proof"}, why: "terminal and central agree on what is carried, not on who carries it"},
	{from: "app/catalogue", only: []string{}, why: "it reads declared files from the file system it is given"},
	{from: "app/form", only: []string{"app/catalogue"}, why: "questions and answers must be checkable without a screen or a case"},
	{from: "app/policy", only: []string{"app/catalogue"}, why: "search and rules run on terminal and central alike"},
	{from: "app/casework", only: []string{"app/catalogue"}, why: "clocks and states run on terminal and central alike"},
	{from: internal + "kiosk", only: []string{}, why: "the terminal's words are imported by all its rooms"},
	{from: internal + "privacy", only: []string{}, why: "what is kept and until when is one table; who carries it out and who tells it come to it"},
	{from: internal + "outbox", only: []string{"app/envelope", "app/harden", internal + "kiosk", internal + "store", internal + "store/pages", internal + "seal"}, why: "what is kept must not depend on how it was asked or is sent"},
	{from: internal + "journal", only: []string{"app/proof", internal + "kiosk", internal + "store", internal + "store/pages"}, why: "the audit record must not depend on what it records; how its lines are hashed both sides must know"},
	{from: internal + "attest", only: []string{"app/api", "app/proof", internal + "identity", internal + "journal", internal + "kiosk", internal + "store", internal + "store/pages"}, why: "what is shown of the journal must not depend on how it is sent"},
	{from: internal + "store/pages", only: []string{}, never: []string{"modernc.org/sqlite/..."}, why: "what SQLite cannot read must be read without it"},
	{from: internal + "quarantine", only: []string{"app/envelope", "app/harden", "app/proof", internal + "kiosk", internal + "store", internal + "store/pages", internal + "seal", internal + "outbox", internal + "journal"}, why: "what is salvaged must not depend on how it is sent or shown"},
	{from: internal + "slip", only: []string{internal + "kiosk", internal + "store", internal + "store/pages", "devices/printer"}, why: "what is known of paper must not depend on who asked for it or which driver printed it"},
	{from: internal + "day", only: []string{"app/envelope", "app/harden", "app/proof", internal + "kiosk", internal + "store", internal + "store/pages", internal + "seal", internal + "journal", internal + "outbox"}, why: "it reads what a day came to; who prints that is handed in"},
	{from: internal + "seal", only: []string{"app/envelope", "app/harden", internal + "kiosk"}, why: "keys stay away from everything that talks"},
	{from: internal + "health", only: []string{internal + "kiosk"}, why: "whoever finds something wrong names it; naming it must not bring along how it was found"},
	{from: internal + "policysync", only: []string{"app/api", internal + "kiosk", internal + "store", internal + "store/pages"}, why: "what a pack must hold is told by the checks it is given"},
	{from: internal + "heartbeat", only: []string{"app/api"}, why: "what is wrong and how it is sent are handed in"},
	{from: internal + "clock", only: []string{}, why: "what time it is depends on who signed it, not on how it came"},
	{from: internal + "identity", only: []string{"app/api", "app/proof"}, why: "keys stay away from everything that talks"},
	{from: internal + "relay", only: []string{internal + "kiosk"}, why: "its queue and its line are interfaces, so that it can become a program of its own"},
	{from: internal + "panel", only: []string{}, why: "what is tried of a screen is known without drawing it"},
	{from: internal + "acceptance", only: []string{"app/proof", internal + "kiosk", "devices/printer"}, why: "what a sheet says must not depend on how it was found out"},
	{from: internal + "ime/...", only: []string{"assets", internal + "ime/..."}, never: []string{"fyne.io/..."}, why: "pinyin is worked out without a screen"},
	{
		from:  internal + "session",
		only:  append([]string{internal + "kiosk", internal + "privacy", "app/catalogue", "app/form", "app/policy", "app/casework"}, values...),
		never: []string{"fyne.io/...", "modernc.org/sqlite/...", "net/http"},
		why:   "a visit is a state machine over values; devices, queue and screens are handed in",
	},
	{
		from: internal + "ui/...",
		only: append([]string{
			"assets", "app/catalogue", "app/form", "app/policy", "app/casework", internal + "session", internal + "kiosk",
			internal + "privacy", internal + "health", internal + "ime/...", internal + "panel", internal + "ui/...",
		}, values...),
		never: []string{"modernc.org/sqlite/...", "go.bug.st/...", "github.com/tarm/..."},
		names: []string{"net", "net/http", "database/sql", "os/exec"},
		why:   "screens draw states and send intents: no device, no file, no network",
	},
	{from: internal + "appliance", never: []string{"devices/sim/...", "devices/cmd/..."}, why: "simulated devices are never shipped"},
	{from: "app/terminal/cmd/kioskctl", never: []string{"fyne.io/...", "devices/sim/..."}, why: "it runs over a serial line and is built without C"},
	{from: "app/central/...", never: []string{"app/terminal/...", "devices/...", "fyne.io/..."}, why: "a district may have the central without our terminals"},
}

// Libraries that one room alone may name.
var owners = []struct {
	library string
	rooms   []string
	why     string
}{
	{"fyne.io/...", []string{internal + "ui/...", "app/terminal/cmd/kiosk", "app/terminal/cmd/storybook", "scripts/..."}, "one place draws"},
	{"modernc.org/sqlite/...", []string{internal + "store", "app/central/internal/ledger", "scripts/..."}, "one writer a database"},
	{"golang.org/x/mod/...", []string{"app/proof"}, "one place says what proves what"},
	{"go.bug.st/...", []string{"devices/internal/serialport"}, "a lost port is re-opened in one place"},
	{"github.com/tarm/...", []string{"devices/internal/serialport"}, "a lost port is re-opened in one place"},
	{"github.com/google/go-tpm/...", []string{internal + "seal"}, "keys stay away from everything that talks"},
	{"github.com/pelletier/go-toml/...", []string{"app/catalogue/...", "app/policy", "app/casework", internal + "config", internal + "receipt", "app/central/...", "devices/...", "scripts/..."}, "declared files are read where their meaning is known"},
}

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Deps       []string
	Imports    []string
}

func TestNoPackageReachesBeyondItsWalls(t *testing.T) {
	packages := list(t)
	for _, w := range walls {
		for _, p := range packages {
			if !covers(w.from, p.ImportPath) {
				continue
			}
			for _, found := range breaches(w, p) {
				t.Errorf("%s reaches %s: %s", short(p.ImportPath), found, w.why)
			}
		}
	}
}

func TestLibrariesHaveTheirOwners(t *testing.T) {
	for _, p := range list(t) {
		for _, o := range owners {
			if coveredBy(o.rooms, p.ImportPath) {
				continue
			}
			for _, i := range p.Imports {
				if covers(o.library, i) {
					t.Errorf("%s imports %s: %s", short(p.ImportPath), i, o.why)
				}
			}
		}
	}
}

func TestABreachIsFound(t *testing.T) {
	w := wall{only: []string{"app/catalogue"}, never: []string{"fyne.io/..."}, names: []string{"net"}}
	p := listed{
		Deps:    []string{"fmt", "net", "leye/app/catalogue", "leye/app/api", "fyne.io/fyne/v2"},
		Imports: []string{"net"},
	}
	want := []string{"app/api", "fyne.io/fyne/v2", "net"}
	if got := breaches(w, p); !slices.Equal(got, want) {
		t.Errorf("breaches = %v, want %v", got, want)
	}
}

// breaches names what p reaches and must not.
func breaches(w wall, p listed) []string {
	var found []string
	for _, dep := range p.Deps {
		ours := strings.HasPrefix(dep, "leye/")
		if coveredBy(w.never, dep) || w.only != nil && ours && !coveredBy(w.only, dep) {
			found = append(found, short(dep))
		}
	}
	for _, i := range p.Imports {
		if coveredBy(w.names, i) {
			found = append(found, i)
		}
	}
	slices.Sort(found)
	return found
}

func covers(pattern, path string) bool {
	below, all := strings.CutSuffix(pattern, "/...")
	path = short(path)
	return path == below || all && strings.HasPrefix(path, below+"/")
}

func coveredBy(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, path) })
}

func short(path string) string { return strings.TrimPrefix(path, "leye/") }

// list asks the go command for all packages of the module, in the build that is
// shipped and in the one for visits.
func list(t *testing.T) []listed {
	t.Helper()
	const tags = "no_emoji,no_metadata,no_animations,migrated_fynedo,rime,probe"
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Standard,Deps,Imports", "-tags", tags, "leye/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(fmt.Errorf("read go list: %w", err))
		}
		packages = append(packages, p)
	}
	if len(packages) < 20 {
		t.Fatalf("go list names only %d packages", len(packages))
	}
	return packages
}
