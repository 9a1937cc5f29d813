package escpos

import (
	"bytes"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed families/*.toml
var families embed.FS

// Family is what one maker's printers do in their own way. A command of one
// family prints rubbish, or worse, on another: it is declared, never guessed.
type Family struct {
	Name string
	// Ordered says that replies keep no fixed bits: each is what was asked for.
	Ordered bool
	Knife   int // from the print head to the knife, dots

	near, end byte // bits of DLE EOT 4
	full      bool // DLE EOT 20 tells all
	exit      byte // bits of a slip at the exit; 0: no sensor
	retract   []byte
	hold      []byte // stands before each slip
}

// Exit reports whether the family has a sensor at the paper exit.
func (f *Family) Exit() bool { return f.exit != 0 }

// FamilyNames are the declared families.
func FamilyNames() []string {
	files, err := families.ReadDir("families")
	if err != nil {
		return nil // the folder is built in
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".toml"))
	}
	return names
}

// LoadFamily reads a declared family; "" is "epson".
func LoadFamily(name string) (*Family, error) {
	if name == "" {
		name = "epson"
	}
	data, err := families.ReadFile("families/" + name + ".toml")
	if err != nil {
		return nil, fmt.Errorf("read printer family: there is no %q among %s", name, strings.Join(FamilyNames(), ", "))
	}
	f, err := parseFamily(name, data)
	if err != nil {
		return nil, fmt.Errorf("read printer family %s: %w", name, err)
	}
	return f, nil
}

// declared is a family as it is written.
type declared struct {
	Replies string `toml:"replies"`
	Knife   int    `toml:"knife"` // mm
	Paper   struct {
		Near int `toml:"near"`
		End  int `toml:"end"`
	} `toml:"paper"`
	Exit struct {
		Full    bool   `toml:"full"`
		Bits    int    `toml:"bits"`
		Retract string `toml:"retract"`
		Hold    string `toml:"hold"`
	} `toml:"exit"`
}

func parseFamily(name string, data []byte) (*Family, error) {
	var d declared
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&d); err != nil {
		return nil, err
	}
	retract, err := hex.DecodeString(strings.ReplaceAll(d.Exit.Retract, " ", ""))
	if err != nil {
		return nil, fmt.Errorf("exit.retract: %w", err)
	}
	hold, err := hex.DecodeString(strings.ReplaceAll(d.Exit.Hold, " ", ""))
	if err != nil {
		return nil, fmt.Errorf("exit.hold: %w", err)
	}
	if err := errors.Join(d.check(retract), d.checkHold(hold)); err != nil {
		return nil, err
	}
	return &Family{
		Name: name, Ordered: d.Replies == "order", Knife: d.Knife * dotsPerMM,
		near: byte(d.Paper.Near), end: byte(d.Paper.End), full: d.Exit.Full, exit: byte(d.Exit.Bits), retract: retract, hold: hold,
	}, nil
}

func (d *declared) check(retract []byte) error {
	bits := func(b int) bool { return b > 0 && b <= 0xFF }
	switch {
	case d.Replies != "bits" && d.Replies != "order":
		return fmt.Errorf("replies: %q is not bits or order", d.Replies)
	case d.Knife < 5 || d.Knife > 40:
		return fmt.Errorf("knife: %d mm is not 5 to 40", d.Knife)
	case !bits(d.Paper.Near) || !bits(d.Paper.End) || d.Paper.Near&d.Paper.End != 0:
		return errors.New("paper: near and end are not bits of their own")
	case d.Exit.Bits != 0 && !bits(d.Exit.Bits):
		return errors.New("exit.bits: not bits of a byte")
	case !d.Exit.Full && d.Exit.Bits&(d.Paper.Near|d.Paper.End) != 0:
		return errors.New("exit.bits: they are the paper's")
	case d.Exit.Bits == 0 && (d.Exit.Full || len(retract) > 0):
		return errors.New("exit: no bits of a sensor")
	case d.Exit.Full && d.Replies == "bits":
		// Its answer begins like an automatic block.
		return errors.New("exit.full: replies are told apart by their bits")
	case len(retract) > 0 && !isCommand(retract):
		return errors.New("exit.retract: no command")
	}
	return nil
}

func (d *declared) checkHold(hold []byte) error {
	switch {
	case len(hold) == 0:
		return nil
	case d.Exit.Bits == 0:
		return errors.New("exit.hold: no bits of a sensor")
	case !isCommand(hold):
		return errors.New("exit.hold: no command")
	}
	return nil
}

func isCommand(b []byte) bool { return len(b) >= 2 && len(b) <= 8 && b[0] >= 0x10 && b[0] <= 0x1D }
