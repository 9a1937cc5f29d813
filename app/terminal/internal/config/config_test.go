package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/devices/scanner/engine"
)

const reference = "../../../../packaging/kiosk.toml"

func TestReferenceFileIsTheDefault(t *testing.T) {
	c, err := config.Load(reference)
	if err != nil {
		t.Fatal(err)
	}
	if c != config.Default() {
		t.Errorf("reference file: %+v\nbuilt in: %+v", c, config.Default())
	}
}

// everyKey sets each key to something else than what is built in.
const everyKey = `
[terminal]
id = "KT0207"
town_code = "017"
centre_zh = "样例中心"
centre_en = "Sample Centre"
phone = "10000"
closes = "16:30"
desk_zh = "三号窗口"
desk_en = "counter 3"
[display]
width = 800
height = 1280
fullscreen = false
[reader]
port = "/dev/ttyS1"
driver = "tarm"
baud = 9600
[reader2]
port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"
driver = "tarm"
baud = 19200
[printer]
port = "/dev/ttyS2"
driver = "tarm"
baud = 19200
columns = 32
font = "gbk"
family = "citizen"
roll = 60
[scanner]
port = "/dev/ttyS3"
driver = "tarm"
baud = 38400
profile = "packet"
[light]
led = "/sys/class/leds/leye-card"
[sound]
volume = 80
device = "plughw:CARD=PCH"
recordings = "/etc/leye/sound"
[central]
url = "https://central.example:8443/leye"
timeout = "3s"
spread = "5m"
seal_key = "leye-1:j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8="
[store]
dir = "/srv/state"
key = "tpm"
keep_days = 7
[visit]
idle = "1m"
warn = "10s"
wait_for_central = "2500ms"
farewell = "8s"
no_card = "15s"
`

func TestEveryKeyReachesItsPlace(t *testing.T) {
	c := config.Default()
	if err := c.Merge("k.toml", []byte(everyKey)); err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Terminal: config.Terminal{ID: "KT0207", TownCode: "017", CentreZH: "样例中心", CentreEN: "Sample Centre", Phone: "10000", DeskZH: "三号窗口", DeskEN: "counter 3", Closes: "16:30"},
		Display:  config.Display{Width: 800, Height: 1280},
		Reader:   config.Serial{Port: "/dev/ttyS1", Driver: "tarm", Baud: 9600},
		Reader2:  config.Serial{Port: "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0", Driver: "tarm", Baud: 19200},
		Printer:  config.Printer{Serial: config.Serial{Port: "/dev/ttyS2", Driver: "tarm", Baud: 19200}, Columns: 32, Font: "gbk", Family: "citizen", Roll: 60},
		Central:  config.Central{URL: "https://central.example:8443/leye", Timeout: 3 * time.Second, Spread: 5 * time.Minute, SealKey: "leye-1:j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8="},
		Store:    config.Store{Dir: "/srv/state", Key: "tpm", KeepDays: 7},
		Light:    config.Light{LED: "/sys/class/leds/leye-card"},
		Sound:    config.Sound{Volume: 80, Device: "plughw:CARD=PCH", Recordings: "/etc/leye/sound"},
		Scanner:  config.Scanner{Serial: config.Serial{Port: "/dev/ttyS3", Driver: "tarm", Baud: 38400}, Profile: "packet"},
		Visit:    config.Visit{Idle: time.Minute, Warn: 10 * time.Second, WaitForCentral: 2500 * time.Millisecond, Farewell: 8 * time.Second, NoCard: 15 * time.Second},
	}
	if c != want {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	same(t, "", reflect.ValueOf(c), reflect.ValueOf(config.Default()))
}

func TestAReaderMayFindItsRate(t *testing.T) {
	c := config.Default()
	if err := c.Merge("k.toml", []byte("[reader]\nbaud = 0\n")); err != nil || c.Reader.Baud != 0 {
		t.Errorf("baud %d, %v", c.Reader.Baud, err)
	}
}

func TestATerminalMayHaveNoScanner(t *testing.T) {
	c := config.Default()
	if err := c.Merge("district.toml", []byte("[scanner]\nport = \"/dev/leye-scanner\"\n")); err != nil || c.Scanner.Port != "/dev/leye-scanner" {
		t.Errorf("%+v, %v", c.Scanner, err)
	}
	if err := c.Merge("terminal.toml", []byte("[scanner]\nport = \"\"\n")); err != nil || c.Scanner.Port != "" {
		t.Errorf("%+v, %v", c.Scanner, err)
	}
}

func TestProfilesAreTheDrivers(t *testing.T) {
	for _, name := range engine.Profiles() {
		c := config.Default()
		if err := c.Merge("k.toml", []byte("[scanner]\nprofile = \""+name+"\"\n")); err != nil || c.Scanner.Profile != name {
			t.Errorf("%+v, %v", c.Scanner, err)
		}
	}
	if config.Default().Scanner.Profile != engine.Profiles()[0] {
		t.Error("the built-in profile is not the usual one")
	}
}

// same complains about values that no key of everyKey has changed.
func same(t *testing.T, path string, a, b reflect.Value) {
	t.Helper()
	if a.Kind() != reflect.Struct {
		if a.Equal(b) {
			t.Errorf("%s is not set by any key", path)
		}
		return
	}
	for i := range a.NumField() {
		same(t, path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
	}
}

func TestReferenceFileShowsEveryKey(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := keys(string(data)), keys(everyKey); !slices.Equal(got, want) {
		t.Errorf("reference file has %v\nwant %v", got, want)
	}
}

func keys(text string) []string {
	var list []string
	section := ""
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			section = strings.Trim(l, "[]")
		} else if name, _, ok := strings.Cut(l, " = "); ok && !strings.HasPrefix(l, "#") {
			list = append(list, section+"."+name)
		}
	}
	slices.Sort(list)
	return list
}

func TestFaultsNameFileLineAndKey(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "[terminal]\nid = \"PT02\"\ncolour = 1\n", "k.toml:3: terminal.colour: unknown key"},
		{"unknown section", "[net]\nhost = \"x\"\n", "k.toml:1: net: unknown key"},
		{"two unknown keys", "[store]\na = 1\nb = 2\n", "k.toml:2: store.a: unknown key\nk.toml:3: store.b: unknown key"},
		{"not a duration", "[visit]\n# a comment\nidle = \"soon\"\n", "k.toml:3: visit.idle: \"soon\" is not a time such as \"90s\", at most \"1h\""},
		{"no time at all", "[visit]\nwarn = \"0s\"\n", "k.toml:2: visit.warn: \"0s\" is not a time such as \"90s\", at most \"1h\""},
		{"too long a time", "[central]\ntimeout = \"2h\"\n", "k.toml:2: central.timeout: \"2h\" is not a time such as \"90s\", at most \"1h\""},
		{"two readers on one line", "[reader2]\nport = \"/dev/leye-reader\"\n", "k.toml:2: reader2.port: \"/dev/leye-reader\" is not another port than the first reader's"},
		{"first reader without port", "[reader]\nport = \"\"\n", "k.toml:2: reader.port: \"\" is not some text"},
		{"printer without baud", "[printer]\nbaud = 0\n", "k.toml:2: printer.baud: 0 is not one of [9600 19200 38400 57600 115200]"},
		{"odd baud", "[reader]\nbaud = 1200\n", "k.toml:2: reader.baud: 1200 is not one of [9600 19200 38400 57600 115200]"},
		{"unknown driver", "[printer]\ndriver = \"usb\"\n", "k.toml:2: printer.driver: \"usb\" is not \"bugst\" or \"tarm\""},
		{"a roll of a kilometre and more", "[printer]\nroll = 1001\n", "k.toml:2: printer.roll: 1001 is not 0 to 1000"},
		{"a family nobody declared", "[printer]\nfamily = \"star\"\n", "k.toml:2: printer.family: \"star\" is not \"epson\", \"custom\" or \"citizen\""},
		{"a font nobody has", "[printer]\nfont = \"big5\"\n", "k.toml:2: printer.font: \"big5\" is not \"auto\", \"gb2312\", \"gbk\" or \"gb18030\""},
		{"scanner without baud", "[scanner]\nbaud = 0\n", "k.toml:2: scanner.baud: 0 is not one of [9600 19200 38400 57600 115200]"},
		{"unknown profile", "[scanner]\nprofile = \"morse\"\n", "k.toml:2: scanner.profile: \"morse\" is not one of [auto crlf packet]"},
		{"blank port", "[scanner]\nport = \" \"\n", "k.toml:2: scanner.port: \" \" is not some text"},
		{"narrow paper", "[reader]\nbaud = 9600\n[printer]\ncolumns = 3\n", "k.toml:4: printer.columns: 3 is not 24 to 64"},
		{"other protocol", "[central]\nurl = \"ftp://x\"\n", "k.toml:2: central.url: \"ftp://x\" is not an https address, or http to this machine, without user, query and fragment"},
		{"in the clear", "[central]\nurl = \"http://central.example\"\n", "k.toml:2: central.url: \"http://central.example\" is not an https address, or http to this machine, without user, query and fragment"},
		{"password in the address", "[central]\nurl = \"https://a:b@x/\"\n", "k.toml:2: central.url: \"https://a:b@x/\" is not an https address, or http to this machine, without user, query and fragment"},
		{"no key", "[central]\nseal_key = \"3f2a 91c0\"\n", "k.toml:2: central.seal_key: \"3f2a 91c0\" is not a public key as central keys prints it, or empty"},
		{"unknown keeper", "[store]\nkey = \"safe\"\n", "k.toml:2: store.key: \"safe\" is not \"auto\", \"tpm\" or \"file\""},
		{"terminal", "terminal.id = \"pt1\"\n", "k.toml:1: terminal.id: \"pt1\" is not two capital letters and two to four digits"},
		{"inline table", "\nterminal = { town_code = \"5\" }\n", "k.toml:2: terminal.town_code: \"5\" is not three digits"},
		{"no time", "[terminal]\ncloses = \"25:00\"\n", "k.toml:2: terminal.closes: \"25:00\" is not a time such as 17:00, or empty"},
		{"empty text", "[terminal] # here\nphone = \" \"\n", "k.toml:2: terminal.phone: \" \" is not some text"},
		{"printer command in a text", "[terminal]\ndesk_zh = \"\\u001b@\"\n", "k.toml:2: terminal.desk_zh: \"\\x1b@\" is not some text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := config.Default()
			err := conf.Merge("k.toml", []byte(c.text))
			if err == nil || err.Error() != c.want {
				t.Errorf("%q: %v\nwant %s", c.text, err, c.want)
			}
			if conf != config.Default() {
				t.Error("a refused file has changed something")
			}
		})
	}
}

func TestWrongTypesNameFileLineAndKey(t *testing.T) {
	for text, want := range map[string]string{
		"[visit]\nwarn = \"1s\"\nidle = 90\n":      "k.toml:3: visit.idle: ",
		"[display]\nfullscreen = \"yes\"\n":        "k.toml:2: display.fullscreen: ",
		"[printer]\nbaud = \"fast\"\n":             "k.toml:2: printer.baud: ",
		"[reader]\nport = \"a\"\nport = \"b\"\n":   "k.toml:3: ",
		"[terminal]\nid = \"PT01\nphone = \"1\"\n": "k.toml:2: ",
	} {
		conf := config.Default()
		err := conf.Merge("k.toml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s...", text, err, want)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	conf := config.Default()
	err := conf.Merge("k.toml", []byte("[terminal]\ncentre_zh = \"\"\ndesk_en = \"\"\n[store]\ndir = \"\"\n"))
	want := "k.toml:2: terminal.centre_zh: \"\" is not some text\nk.toml:3: terminal.desk_en: \"\" is not some text\nk.toml:5: store.dir: \"\" is not some text"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestLaterFilesWin(t *testing.T) {
	dir := t.TempDir()
	district, terminal := filepath.Join(dir, "district.toml"), filepath.Join(dir, "terminal.toml")
	for path, text := range map[string]string{district: "[terminal]\nid = \"PT07\"\nphone = \"1\"\n", terminal: "[terminal]\nid = \"PT08\"\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(district, terminal)
	if err != nil || c.Terminal.ID != "PT08" || c.Terminal.Phone != "1" || c.Display != config.Default().Display {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := config.Load(district, filepath.Join(dir, "absent.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

// FuzzMerge holds that a file is either refused as a whole, with its name, or
// leaves a configuration that the terminal can start with.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(everyKey))
	f.Add([]byte("terminal = { id = \"PT01\" }\nvisit.idle = \"1s\"\n"))
	f.Add([]byte("[reader]\nbaud = 1\n[printer]\ncolumns = -1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := config.Default()
		if err := c.Merge("f.toml", data); err != nil {
			if !strings.HasPrefix(err.Error(), "f.toml:") || c != config.Default() {
				t.Errorf("refused with %q as %+v", err, c)
			}
			return
		}
		v := c.Visit
		for _, d := range []time.Duration{c.Central.Timeout, v.Idle, v.Warn, v.WaitForCentral, v.Farewell, v.NoCard} {
			if d <= 0 || d > time.Hour {
				t.Errorf("time %v", d)
			}
		}
		if !kiosk.ValidTerminal(c.Terminal.ID) || c.Store.Dir == "" || c.Reader.Port == "" || c.Printer.Columns < 24 || c.Display.Width < 320 {
			t.Errorf("taken: %+v", c)
		}
	})
}
