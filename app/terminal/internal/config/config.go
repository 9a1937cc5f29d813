// Package config reads kiosk.toml: the raw file becomes a checked Config, built
// in defaults first, then each file over the one before it.
//
// It opens nothing that the file names.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
)

// Config is what the terminal runs with.
type Config struct {
	Terminal Terminal
	Display  Display
	Reader   Serial
	Reader2  Serial // none when its Port is empty
	Printer  Printer
	Scanner  Scanner
	Light    Light
	Sound    Sound
	Central  Central
	Store    Store
	Visit    Visit
}

// Terminal says which terminal this is and where it stands.
type Terminal struct {
	ID, TownCode       string
	CentreZH, CentreEN string
	DeskZH, DeskEN     string
	Phone              string
	Closes             string // HH:MM of the day's slip; empty: none
}

// Display is the window, in pixels.
type Display struct {
	Width, Height int
	Fullscreen    bool
}

// Serial is a device on a serial line. Baud is in bit/s; a reader at 0 is asked
// at each rate until it answers.
type Serial struct {
	Port, Driver string
	Baud         int
}

// Printer is the receipt printer; Columns is half-width characters a line, Font
// what its own font holds: gb2312, gbk, gb18030, or auto to ask it. Family is its
// dialect: epson, custom or citizen. Roll is the length of a new roll in metres;
// 0: not known.
type Printer struct {
	Serial
	Columns int
	Font    string
	Family  string
	Roll    int
}

// Scanner is the code scanner; there is none without a port. Profile is how it
// marks where a code ends.
type Scanner struct {
	Serial
	Profile string
}

// Light is the lamp at the card reader: LED is its folder, empty where there is none.
type Light struct{ LED string }

// Sound is what calls a person who left card or slip, or may have gone. Volume is in
// per cent, 0 means silence; an empty Device is the sound system's own choice;
// Recordings is a folder with sentences that are spoken in the place of the built-in
// ones, empty where there are none.
type Sound struct {
	Volume             int
	Device, Recordings string
}

// Central is where applications go. In the clear (http) is for development.
type Central struct {
	URL     string
	Timeout time.Duration
	Spread  time.Duration // over which what need not be sent at once begins after a start
	SealKey string        // as [envelope.ParsePublicKey] reads it; empty: the first one that the central tells
}

// Clear reports whether the line is neither encrypted nor authenticated.
func (c Central) Clear() bool { return strings.HasPrefix(c.URL, "http:") }

// Store is where the terminal keeps its state. Key is "auto", "tpm" or "file":
// what keeps the terminal's own key.
type Store struct {
	Dir, Key string
	KeepDays int // of what the central has accepted
}

// Visit holds the times of a visit.
type Visit struct {
	Idle, Warn, WaitForCentral, Farewell, NoCard time.Duration
}

// raw is the file as written; a key that is not there leaves what was before.
type raw struct {
	Terminal struct {
		ID       *string `toml:"id"`
		TownCode *string `toml:"town_code"`
		CentreZH *string `toml:"centre_zh"`
		CentreEN *string `toml:"centre_en"`
		DeskZH   *string `toml:"desk_zh"`
		DeskEN   *string `toml:"desk_en"`
		Phone    *string `toml:"phone"`
		Closes   *string `toml:"closes"`
	} `toml:"terminal"`
	Display struct {
		Width      *int  `toml:"width"`
		Height     *int  `toml:"height"`
		Fullscreen *bool `toml:"fullscreen"`
	} `toml:"display"`
	Reader  rawSerial `toml:"reader"`
	Reader2 rawSerial `toml:"reader2"`
	Printer struct {
		rawSerial
		Columns *int    `toml:"columns"`
		Font    *string `toml:"font"`
		Family  *string `toml:"family"`
		Roll    *int    `toml:"roll"`
	} `toml:"printer"`
	Scanner struct {
		rawSerial
		Profile *string `toml:"profile"`
	} `toml:"scanner"`
	Light struct {
		LED *string `toml:"led"`
	} `toml:"light"`
	Sound struct {
		Volume     *int    `toml:"volume"`
		Device     *string `toml:"device"`
		Recordings *string `toml:"recordings"`
	} `toml:"sound"`
	Central struct {
		URL     *string `toml:"url"`
		Timeout *string `toml:"timeout"`
		Spread  *string `toml:"spread"`
		SealKey *string `toml:"seal_key"`
	} `toml:"central"`
	Store struct {
		Dir      *string `toml:"dir"`
		Key      *string `toml:"key"`
		KeepDays *int    `toml:"keep_days"`
	} `toml:"store"`
	Visit struct {
		Idle           *string `toml:"idle"`
		Warn           *string `toml:"warn"`
		WaitForCentral *string `toml:"wait_for_central"`
		Farewell       *string `toml:"farewell"`
		NoCard         *string `toml:"no_card"`
	} `toml:"visit"`
}

type rawSerial struct {
	Port   *string `toml:"port"`
	Driver *string `toml:"driver"`
	Baud   *int    `toml:"baud"`
}

// Default is what is built in.
func Default() Config {
	return Config{
		Terminal: Terminal{ID: "PT01", TownCode: "005", CentreZH: "社区事务受理服务中心", CentreEN: "Community Service Centre", DeskZH: "综合窗口", DeskEN: "the general counter", Phone: "12333"},
		Display:  Display{Width: 1080, Height: 1920, Fullscreen: true},
		Reader:   Serial{Port: "/dev/leye-reader", Driver: "bugst", Baud: 115200},
		Reader2:  Serial{Driver: "bugst", Baud: 115200},
		Printer:  Printer{Serial: Serial{Port: "/dev/leye-printer", Driver: "bugst", Baud: 115200}, Columns: 48, Font: "auto", Family: "epson", Roll: 80},
		Scanner:  Scanner{Serial: Serial{Driver: "bugst", Baud: 115200}, Profile: "auto"},
		Sound:    Sound{Volume: 60},
		Central:  Central{URL: "http://127.0.0.1:8700", Timeout: 30 * time.Second, Spread: 30 * time.Second},
		Store:    Store{Dir: "/var/lib/leye", Key: "auto", KeepDays: privacy.DefaultDays},
		Visit:    Visit{Idle: 90 * time.Second, Warn: 30 * time.Second, WaitForCentral: 5 * time.Second, Farewell: 12 * time.Second, NoCard: 20 * time.Second},
	}
}

// Load reads files over the defaults, in order. Its error names file, line and
// key of every fault.
func Load(paths ...string) (Config, error) {
	c := Default()
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("read configuration: %w", err)
		}
		if err := c.Merge(path, data); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

// Merge reads one file's text over c; on error c stays as it was. name stands in
// errors.
func (c *Config) Merge(name string, data []byte) error {
	var r raw
	if err := decode(name, data, &r); err != nil {
		return err
	}
	next := *c
	m := merger{name: name, data: string(data)}
	m.merge(&next, &r)
	if len(m.faults) > 0 {
		return errors.Join(m.faults...)
	}
	*c = next
	return nil
}

func decode(name string, data []byte, to *raw) error {
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(to)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		var faults []error
		for _, e := range unknown.Errors {
			row, _ := e.Position()
			faults = append(faults, fmt.Errorf("%s:%d: %s: unknown key", name, row, strings.Join(e.Key(), ".")))
		}
		return errors.Join(faults...)
	case errors.As(err, &wrong):
		row, _ := wrong.Position()
		at := fmt.Sprintf("%s:%d: ", name, row)
		if key := strings.Join(wrong.Key(), "."); key != "" {
			at += key + ": "
		}
		return errors.New(at + strings.TrimPrefix(wrong.Error(), "toml: "))
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// merger checks each given value and keeps the faults.
type merger struct {
	name, data string
	faults     []error
}

var townCode = regexp.MustCompile(`^[0-9]{3}$`)

const (
	someText    = "some text"
	longestTime = time.Hour // of any duration here: a longer one is a slip of the pen
)

// profiles are those of the scanner's driver; a test holds them together.
var profiles = []string{"auto", "crlf", "packet"}

var bauds = []int{9600, 19200, 38400, 57600, 115200}

func (m *merger) merge(c *Config, r *raw) {
	t := &r.Terminal
	m.text("terminal.id", t.ID, &c.Terminal.ID, kiosk.ValidTerminal, "two capital letters and two to four digits")
	m.text("terminal.town_code", t.TownCode, &c.Terminal.TownCode, townCode.MatchString, "three digits")
	m.text("terminal.centre_zh", t.CentreZH, &c.Terminal.CentreZH, filled, someText)
	m.text("terminal.centre_en", t.CentreEN, &c.Terminal.CentreEN, filled, someText)
	m.text("terminal.phone", t.Phone, &c.Terminal.Phone, filled, someText)
	m.text("terminal.desk_zh", t.DeskZH, &c.Terminal.DeskZH, filled, someText)
	m.text("terminal.desk_en", t.DeskEN, &c.Terminal.DeskEN, filled, someText)
	m.text("terminal.closes", t.Closes, &c.Terminal.Closes, clockTime, "a time such as 17:00, or empty")
	m.number("display.width", r.Display.Width, &c.Display.Width, 320, 8192)
	m.number("display.height", r.Display.Height, &c.Display.Height, 320, 8192)
	if r.Display.Fullscreen != nil {
		c.Display.Fullscreen = *r.Display.Fullscreen
	}
	m.serial("reader", r.Reader, &c.Reader)
	m.serial("reader2", r.Reader2, &c.Reader2)
	m.apart(r.Reader2, c)
	m.serial("printer", r.Printer.rawSerial, &c.Printer.Serial)
	m.number("printer.columns", r.Printer.Columns, &c.Printer.Columns, 24, 64)
	m.text("printer.family", r.Printer.Family, &c.Printer.Family, isFamily, `"epson", "custom" or "citizen"`)
	m.number("printer.roll", r.Printer.Roll, &c.Printer.Roll, 0, 1000)
	m.text("printer.font", r.Printer.Font, &c.Printer.Font, isFont, `"auto", "gb2312", "gbk" or "gb18030"`)
	m.serial("scanner", r.Scanner.rawSerial, &c.Scanner.Serial)
	profile := func(s string) bool { return slices.Contains(profiles, s) }
	m.text("scanner.profile", r.Scanner.Profile, &c.Scanner.Profile, profile, fmt.Sprint("one of ", profiles))
	m.text("light.led", r.Light.LED, &c.Light.LED, folder, "the lamp's folder, from the root, or empty")
	m.number("sound.volume", r.Sound.Volume, &c.Sound.Volume, 0, 100)
	m.text("sound.device", r.Sound.Device, &c.Sound.Device, device, "a name that aplay -L lists, or empty")
	m.text("sound.recordings", r.Sound.Recordings, &c.Sound.Recordings, folder, "a folder, from the root, or empty")
	m.text("central.url", r.Central.URL, &c.Central.URL, webAddress, "an https address, or http to this machine, without user, query and fragment")
	m.duration("central.timeout", r.Central.Timeout, &c.Central.Timeout)
	m.duration("central.spread", r.Central.Spread, &c.Central.Spread)
	m.text("central.seal_key", r.Central.SealKey, &c.Central.SealKey, sealKey, "a public key as central keys prints it, or empty")
	m.text("store.dir", r.Store.Dir, &c.Store.Dir, filled, someText)
	keep := func(s string) bool { return s == "auto" || s == "tpm" || s == "file" }
	m.text("store.key", r.Store.Key, &c.Store.Key, keep, `"auto", "tpm" or "file"`)
	m.number("store.keep_days", r.Store.KeepDays, &c.Store.KeepDays, privacy.LeastDays, privacy.MostDays)
	m.visit(c, r)
}

func (m *merger) visit(c *Config, r *raw) {
	m.duration("visit.idle", r.Visit.Idle, &c.Visit.Idle)
	m.duration("visit.warn", r.Visit.Warn, &c.Visit.Warn)
	m.duration("visit.wait_for_central", r.Visit.WaitForCentral, &c.Visit.WaitForCentral)
	m.duration("visit.farewell", r.Visit.Farewell, &c.Visit.Farewell)
	m.duration("visit.no_card", r.Visit.NoCard, &c.Visit.NoCard)
}

// filled refuses control characters too: these texts reach the printer's line
// and the names of files.
func filled(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

func clockTime(s string) bool {
	_, err := time.Parse("15:04", s)
	return s == "" || err == nil
}

func folder(s string) bool { return s == "" || filled(s) && filepath.IsAbs(s) }

// device refuses what would be another option of the program that plays.
func device(s string) bool { return s == "" || filled(s) && !strings.HasPrefix(s, "-") }

func isFont(s string) bool { return slices.Contains([]string{"auto", "gb2312", "gbk", "gb18030"}, s) }

func isFamily(s string) bool { return slices.Contains([]string{"epson", "custom", "citizen"}, s) }

func sealKey(s string) bool {
	_, err := envelope.ParsePublicKey(s)
	return s == "" || err == nil
}

// webAddress refuses a user and password: the file is readable and the address
// appears in logs. In the clear a terminal speaks to its own machine at most.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())) && u.Hostname() != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (m *merger) serial(section string, r rawSerial, to *Serial) {
	// A terminal may do without a scanner and a second reader.
	spare := section == "scanner" || section == "reader2"
	named := func(s string) bool { return filled(s) || spare && s == "" }
	m.text(section+".port", r.Port, &to.Port, named, someText)
	driver := func(s string) bool { return s == "bugst" || s == "tarm" }
	m.text(section+".driver", r.Driver, &to.Driver, driver, `"bugst" or "tarm"`)
	switch {
	case r.Baud == nil:
	case *r.Baud == 0 && strings.HasPrefix(section, "reader"):
		to.Baud = 0
	case !slices.Contains(bauds, *r.Baud):
		m.fault(section+".baud", *r.Baud, fmt.Sprint("one of ", bauds))
	default:
		to.Baud = *r.Baud
	}
}

// apart refuses a second reader on the line of the first.
func (m *merger) apart(r rawSerial, c *Config) {
	if c.Reader2.Port != "" && c.Reader2.Port == c.Reader.Port && r.Port != nil {
		m.fault("reader2.port", fmt.Sprintf("%q", c.Reader2.Port), "another port than the first reader's")
	}
}

func (m *merger) text(key string, from, to *string, ok func(string) bool, want string) {
	switch {
	case from == nil:
	case !ok(*from):
		m.fault(key, fmt.Sprintf("%q", *from), want)
	default:
		*to = *from
	}
}

func (m *merger) number(key string, from, to *int, least, most int) {
	switch {
	case from == nil:
	case *from < least || *from > most:
		m.fault(key, *from, fmt.Sprintf("%d to %d", least, most))
	default:
		*to = *from
	}
}

func (m *merger) duration(key string, from *string, to *time.Duration) {
	if from == nil {
		return
	}
	d, err := time.ParseDuration(*from)
	if err != nil || d <= 0 || d > longestTime {
		m.fault(key, fmt.Sprintf("%q", *from), `a time such as "90s", at most "1h"`)
		return
	}
	*to = d
}

func (m *merger) fault(key string, value any, want string) {
	m.faults = append(m.faults, fmt.Errorf("%s:%d: %s: %v is not %s", m.name, m.line(key), key, value, want))
}

// line finds where a key stands: in its table, dotted, or at least the line on
// which its table is written inline.
func (m *merger) line(full string) int {
	section, key, _ := strings.Cut(full, ".")
	in, table := "", 1
	for n, l := range strings.Split(m.data, "\n") {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			l, _, _ = strings.Cut(l, "#")
			in = strings.Trim(l, "[] \t")
			continue
		}
		name, _, found := strings.Cut(l, "=")
		name = strings.TrimSpace(name)
		switch {
		case !found:
		case in == section && name == key, in == "" && name == full:
			return n + 1
		case in == "" && name == section:
			table = n + 1
		}
	}
	return table
}
