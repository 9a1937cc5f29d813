package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// Kind tells what a [Value] holds.
type Kind int

// The kinds of values.
const (
	KindNone Kind = iota // not answered
	KindText             // text, a choice's code, a date as YYYY-MM-DD, a state
	KindNumber
	KindBool
	KindList // codes of a multi-choice
	KindRows // rows of a repeat
)

// Value is one answer. The zero Value means "not answered". Values are never
// changed after they are made and may be shared.
type Value struct {
	kind      Kind
	text      string // of KindText and KindNumber
	flag      bool
	prefilled bool
	list      []string
	rows      []Answers
}

// Answers are the answers of one form, or of one row of a repeat, by field key.
// As JSON they are an object of strings, numbers, booleans, arrays of strings
// and arrays of objects.
type Answers map[string]Value

// Text is the answer s: free text, a code, a date or a state.
func Text(s string) Value { return Value{kind: KindText, text: s} }

// Number is the answer of a decimal number, brought to JSON's form ("007.50"
// becomes "7.50"). Text that is no plain decimal number stays text, which Check
// refuses for a number field: nothing that a person typed is lost.
func Number(decimal string) Value {
	if s, ok := canonical(decimal); ok {
		return Value{kind: KindNumber, text: s}
	}
	return Text(decimal)
}

// Bool is the answer yes or no.
func Bool(b bool) Value { return Value{kind: KindBool, flag: b} }

// List is the answer of several codes.
func List(codes ...string) Value { return Value{kind: KindList, list: slices.Clone(codes)} }

// Rows is the answer of several rows.
func Rows(rows ...Answers) Value { return Value{kind: KindRows, rows: slices.Clone(rows)} }

// Kind tells what v holds.
func (v Value) Kind() Kind { return v.kind }

// Text returns the text of a text, the digits of a number, and otherwise "".
func (v Value) Text() string { return v.text }

// Bool reports whether v is the answer yes.
func (v Value) Bool() bool { return v.flag }

// List returns the codes of a multi-choice; the caller must not change them.
func (v Value) List() []string { return v.list }

// Rows returns the rows of a repeat; the caller must not change them.
func (v Value) Rows() []Answers { return v.rows }

// Prefilled reports whether v was read from the card and not given by the
// resident. JSON does not keep it.
func (v Value) Prefilled() bool { return v.prefilled }

// Empty reports whether v answers nothing: no value, no text, no item. A "no"
// is an answer.
func (v Value) Empty() bool {
	switch v.kind {
	case KindText:
		return strings.TrimSpace(v.text) == ""
	case KindList:
		return len(v.list) == 0
	case KindRows:
		return len(v.rows) == 0
	case KindNumber, KindBool:
		return false
	}
	return true
}

// Contains reports whether v is code or, for a list, holds it.
func (v Value) Contains(code string) bool {
	if v.kind == KindList {
		return slices.Contains(v.list, code)
	}
	return v.kind == KindText && v.text == code
}

// Equal reports whether v and w are the same answer. Numbers compare by value
// ("1.0" equals "1"); who gave the answer does not matter.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case KindText:
		return v.text == w.text
	case KindNumber:
		return compareDecimal(v.text, w.text) == 0
	case KindBool:
		return v.flag == w.flag
	case KindList:
		return slices.Equal(v.list, w.list)
	case KindRows:
		return slices.EqualFunc(v.rows, w.rows, Answers.Equal)
	}
	return true
}

// Equal reports whether a and b give the same answers; an absent key and an
// unanswered value are the same.
func (a Answers) Equal(b Answers) bool {
	for k, v := range a {
		if !v.Equal(b[k]) {
			return false
		}
	}
	for k, v := range b {
		if !v.Equal(a[k]) {
			return false
		}
	}
	return true
}

// String says that there is an answer, never which.
func (v Value) String() string {
	if v.Empty() {
		return "no answer"
	}
	return "an answer"
}

// Format writes String whatever the verb.
func (v Value) Format(f fmt.State, _ rune) { mask(f, v.String()) }

// LogValue is String. JSON is the answer itself: that is what is handed in.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// String says how many answers there are.
func (a Answers) String() string { return "answers: " + strconv.Itoa(len(a)) }

// Format writes String whatever the verb.
func (a Answers) Format(f fmt.State, _ rune) { mask(f, a.String()) }

// LogValue is String.
func (a Answers) LogValue() slog.Value { return slog.StringValue(a.String()) }

// mask writes what stands for a value; the error of a print is the printer's own.
func mask(f fmt.State, words string) { _, _ = io.WriteString(f, words) }

// MarshalJSON writes v as the JSON value of its kind.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case KindText:
		return marshal(v.text)
	case KindNumber:
		return []byte(v.text), nil
	case KindBool:
		return marshal(v.flag)
	case KindList:
		if v.list == nil {
			return []byte("[]"), nil
		}
		return marshal(v.list)
	case KindRows:
		if v.rows == nil {
			return []byte("[]"), nil
		}
		return marshal(v.rows)
	}
	return []byte("null"), nil
}

// marshal is json.Marshal without the escapes made for HTML: the text of an
// answer should read the same in the queue, on the wire and in a case file.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads what MarshalJSON writes. An array of no elements becomes
// an empty list. Rows may not hold rows.
func (v *Value) UnmarshalJSON(data []byte) error {
	got, err := decode(data, true)
	if err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	*v = got
	return nil
}

var errShape = errors.New("an answer is a string, a number, a boolean, or an array of strings or of flat objects")

func decode(data []byte, rowsAllowed bool) (Value, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return Value{}, errShape
	}
	switch data[0] {
	case 'n':
		return Value{}, nil
	case 't', 'f':
		var b bool
		err := json.Unmarshal(data, &b)
		return Bool(b), err
	case '"':
		var s string
		err := json.Unmarshal(data, &s)
		return Text(s), err
	case '[':
		return decodeArray(data, rowsAllowed)
	case '{':
		return Value{}, errShape
	}
	return Number(string(data)), nil
}

func decodeArray(data []byte, rowsAllowed bool) (Value, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return Value{}, err
	}
	if len(raw) == 0 || raw[0][0] == '"' {
		list := make([]string, len(raw))
		for i, r := range raw {
			if r[0] != '"' {
				return Value{}, errShape
			}
			if err := json.Unmarshal(r, &list[i]); err != nil {
				return Value{}, err
			}
		}
		return Value{kind: KindList, list: list}, nil
	}
	if !rowsAllowed {
		return Value{}, errShape
	}
	rows := make([]Answers, len(raw))
	for i, r := range raw {
		var err error
		if rows[i], err = decodeRow(r); err != nil {
			return Value{}, err
		}
	}
	return Value{kind: KindRows, rows: rows}, nil
}

func decodeRow(data []byte) (Answers, error) {
	if data[0] != '{' {
		return nil, errShape
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	row := make(Answers, len(raw))
	for k, r := range raw {
		v, err := decode(r, false)
		if err != nil {
			return nil, err
		}
		row[k] = v
	}
	return row, nil
}
