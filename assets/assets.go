// Package assets holds what is declared or drawn: services, policies, calendars,
// slips, texts, fonts, icons and spoken sentences, embedded into every program that asks for them.
//
// It holds no logic; the packages that read a folder know its format.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed all:catalogue
var catalogue embed.FS

//go:embed all:calendar
var calendar embed.FS

//go:embed all:policies
var policies embed.FS

//go:embed all:receipts
var receipts embed.FS

//go:embed all:text
var text embed.FS

//go:embed all:schema
var schema embed.FS

//go:embed all:font
var font embed.FS

//go:embed all:icon
var icon embed.FS

//go:embed all:ime
var ime embed.FS

//go:embed all:dots
var dots embed.FS

//go:embed voice/*.wav
var voice embed.FS

// Catalogue is the folder of services, fields, code lists and clocks.
func Catalogue() fs.FS { return sub(catalogue, "catalogue") }

// Calendar is the folder of working-day calendars, one file a year.
func Calendar() fs.FS { return sub(calendar, "calendar") }

// Policies is the folder of policy texts.
func Policies() fs.FS { return sub(policies, "policies") }

// Receipts is the folder of slip layouts.
func Receipts() fs.FS { return sub(receipts, "receipts") }

// Text is the folder of the screens' words, one file a language.
func Text() fs.FS { return sub(text, "text") }

// Schema is the folder of JSON Schemas of the declared files.
func Schema() fs.FS { return sub(schema, "schema") }

// Font is the folder of embedded fonts.
func Font() fs.FS { return sub(font, "font") }

// Icon is the folder of drawings.
func Icon() fs.FS { return sub(icon, "icon") }

// IME is the folder of input dictionaries.
func IME() fs.FS { return sub(ime, "ime") }

// Dots is the folder of dot fonts for printers. Its files implement io.ReaderAt.
func Dots() fs.FS { return sub(dots, "dots") }

// Voice is the folder of spoken sentences, NAME.LANGUAGE.wav.
func Voice() fs.FS { return sub(voice, "voice") }

// sub panics only when the embed patterns above name another folder.
func sub(f embed.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil {
		panic(err)
	}
	return s
}
