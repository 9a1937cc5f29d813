package session_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"leye/app/api"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/devices/idcard"
	"leye/devices/scanner"
)

// planted fills every text of a value; no print of it may be recognised.
const planted = "CANARYname310101199203159026"

// whole are the types whose JSON is what leaves the terminal, or is kept until an
// entry goes: on purpose, by name, and only in JSON.
var whole = map[reflect.Type]string{
	reflect.TypeFor[form.Value]():            "the answer itself",
	reflect.TypeFor[form.Answers]():          "the answers themselves",
	reflect.TypeFor[api.Application]():       "the contract",
	reflect.TypeFor[kiosk.Acknowledgement](): "kept in the queue",
	reflect.TypeFor[kiosk.Entry]():           "without its body; the acknowledgement in it is kept in the queue",
}

// public are the fields that name a matter and nobody.
var public = []string{"ID", "Id", "Service", "State", "Stage", "Outcome", "Kind", "Issues"}

// TestNobodyIsPrintedByAccident fills every type that can hold something of a
// person, by reflection and so with every field it ever gets, and prints it in all
// ways that a log or a crash might.
func TestNobodyIsPrintedByAccident(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[kiosk.Resident](), reflect.TypeFor[kiosk.Application](), reflect.TypeFor[kiosk.Acknowledgement](),
		reflect.TypeFor[kiosk.Entry](), reflect.TypeFor[form.Value](), reflect.TypeFor[form.Answers](), reflect.TypeFor[form.Facts](),
		reflect.TypeFor[session.State](), reflect.TypeFor[session.Filing](), reflect.TypeFor[session.Case](), reflect.TypeFor[kiosk.Case](), reflect.TypeFor[idcard.Card](), reflect.TypeFor[idcard.Number](),
		reflect.TypeFor[scanner.Code](), reflect.TypeFor[api.Application](),
	} {
		value := reflect.New(typ).Elem()
		fill(value, 0)
		if typ == reflect.TypeFor[idcard.Number]() {
			value.SetString("CANARY310101199203159026")
		}
		if !strings.Contains(fmt.Sprintf("%#v", bare(value)), "CANARY") {
			t.Errorf("%v: the trial puts nothing in", typ)
		}
		for way, said := range prints(value) {
			if _, ok := whole[typ]; ok && strings.HasPrefix(way, "JSON") {
				continue
			}
			if found := recognised(said); found != "" {
				t.Errorf("%v printed by %s shows %s: %.200s", typ, way, found, said)
			}
		}
	}
}

// bare is the value without the methods that mask it: the control.
func bare(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		var all []any
		for i := range v.NumField() {
			f := v.Field(i)
			all = append(all, bare(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()))
		}
		return all
	case reflect.String:
		return v.String()
	case reflect.Map:
		var all []any
		for _, k := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(k))
			all = append(all, bare(e))
		}
		return all
	}
	return nil
}

// fill puts the planted wherever text or bytes may stand.
func fill(v reflect.Value, depth int) {
	if depth > 4 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(planted)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte(`"` + planted + `"`))
			return
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(planted))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, depth+1)
		k := reflect.New(v.Type().Key()).Elem()
		k.SetString("id_no")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(k, e)
	case reflect.Pointer:
		if v.Type().Elem().PkgPath() == "leye/app/form" {
			return // a form holds questions, and nobody's answers
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			f := v.Field(i)
			to := reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
			if slices.Contains(public, v.Type().Field(i).Name) && to.Kind() != reflect.String {
				continue
			}
			if slices.Contains(public, v.Type().Field(i).Name) {
				to.SetString("public")
				continue
			}
			fill(to, depth+1)
		}
	}
}

// prints says a value in every way, by itself, by a pointer, and inside others.
func prints(v reflect.Value) map[string]string {
	said := map[string]string{}
	value, pointer := v.Interface(), v.Addr().Interface()
	around := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Inner", Type: v.Type()}})).Elem()
	around.Field(0).Set(v)
	for name, x := range map[string]any{"value": value, "pointer": pointer, "list": []any{value}, "struct": around.Interface(), "error": fmt.Errorf("do: %v", value)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			said[verb+" "+name] = fmt.Sprintf(verb, x)
		}
		if name == "value" || name == "pointer" {
			var text, lines bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("said", "x", x)
			slog.New(slog.NewJSONHandler(&lines, nil)).Info("said", "x", x)
			said["slog text "+name], said["slog JSON "+name] = text.String(), lines.String()
		}
		if data, err := json.Marshal(x); err == nil && name != "error" {
			said["JSON "+name] = string(data)
		}
	}
	return said
}

// recognised names the form in which the planted stands in a print.
func recognised(said string) string {
	number := planted[len("CANARYname"):]
	decimal := strings.Trim(fmt.Sprint([]byte(number)), "[]")
	for form, text := range map[string]string{
		"text": "CANARY", "the number": number, "decimal bytes": decimal, "hex": hex.EncodeToString([]byte(number)), "base64": "Q0FOQVJZ",
	} {
		if strings.Contains(said, text) {
			return form
		}
	}
	return ""
}
