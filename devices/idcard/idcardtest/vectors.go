// Package idcardtest holds the byte-exact exchanges of a card module with made-up
// people, and a reader in memory, for the tests of drivers and of what uses them.
package idcardtest

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

//go:embed vectors.json
var vectors []byte

// Vectors are the exchanges, all synthetic. AsOf is the day for which "future"
// and "expired" were judged.
type Vectors struct {
	AsOf      string     `json:"as_of"`
	Requests  []Request  `json:"requests"`
	Responses []Response `json:"responses"`
	Cards     []Card     `json:"cards"`
	Streams   []Stream   `json:"streams"`
	Numbers   []Number   `json:"numbers"`
	Dialogues []Dialogue `json:"dialogues"`
}

// Bytes is written as hex.
type Bytes []byte

// UnmarshalText reads hex.
func (b *Bytes) UnmarshalText(text []byte) error {
	out, err := hex.DecodeString(string(text))
	*b = out
	return err
}

// Request is one whole request frame.
type Request struct {
	Name  string
	Bytes Bytes `json:"hex"`
}

// Response is one whole short answer and what it means.
type Response struct {
	Name   string
	Bytes  Bytes `json:"hex"`
	Expect struct {
		OK         bool
		Status     string
		Meaning    string
		DataLen    int    `json:"data_len"`
		SAMID      string `json:"sam_id"`
		NewAddress string `json:"new_address"`
		SW1, SW2   string // the card's own words
	}
}

// Card is one whole read answer; Expect is the Record that it decodes to.
type Card struct {
	Name    string
	Command string // "3001" or "3010"
	Frame   Bytes  `json:"hex"`
	Expect  map[string]any
}

// Stream is bytes on the line and the good frames in them.
type Stream struct {
	Name      string
	Bytes     Bytes    `json:"hex"`
	FramesHex []string `json:"frames"`
}

// Number is a document number and whether it stands its checks.
type Number struct {
	Number, Kind, Why string
	Valid             bool
}

// Dialogue is a reading as requests and answers by name; a nil Reply is silence.
type Dialogue struct {
	Name, Result string
	Steps        []struct {
		Send    string
		Reply   *string
		DelayMS int `json:"delay_ms"`
	}
}

// Load reads the vectors. It panics when the embedded file is damaged.
func Load() *Vectors {
	var v Vectors
	if err := json.Unmarshal(vectors, &v); err != nil {
		panic(fmt.Sprintf("read card vectors: %v", err))
	}
	return &v
}

// Answers returns every whole answer frame.
func (v *Vectors) Answers() [][]byte {
	var out [][]byte
	for _, r := range v.Responses {
		out = append(out, r.Bytes)
	}
	for _, c := range v.Cards {
		out = append(out, c.Frame)
	}
	return out
}

// Answer returns the answer frame of a name: a response or a card.
func (v *Vectors) Answer(name string) ([]byte, bool) {
	for _, r := range v.Responses {
		if r.Name == name {
			return r.Bytes, true
		}
	}
	for _, c := range v.Cards {
		if c.Name == name {
			return c.Frame, true
		}
	}
	return nil, false
}

// Request returns the request frame of a name.
func (v *Vectors) Request(name string) ([]byte, bool) {
	for _, r := range v.Requests {
		if r.Name == name {
			return r.Bytes, true
		}
	}
	return nil, false
}

// Card returns the card of a name. It panics when there is none.
func (v *Vectors) Card(name string) Card {
	for _, c := range v.Cards {
		if c.Name == name {
			return c
		}
	}
	panic("no card vector " + name)
}
