package samv

import (
	"encoding/binary"
	"unicode/utf16"

	"leye/devices/idcard"
)

// markerAt is the offset of the type marker in the text.
const markerAt = 248

// placed is a field of a card's text at its offset in bytes.
type placed struct {
	at   int
	text string
}

// The made-up cards of the four layouts. Their numbers end in a sequence of 000,
// which is given to nobody; UTO is no country.
var specimens = map[idcard.Kind][]placed{
	idcard.Resident: {
		{0, "样张"}, {30, "201"}, {36, "19900101"}, {52, "上海市样张区样张路1号"}, {122, "310101199001010004"},
		{158, "样张公安局"}, {188, "2020010120400101"},
	},
	idcard.HKMTPermit: {
		{0, "样张"}, {30, "2"}, {36, "19900101"}, {52, "上海市样张区样张路1号"}, {122, "810000199001010000"},
		{158, "样张公安局"}, {188, "2020010120250101"}, {220, "H00000000"}, {238, "01"}, {markerAt, "J"},
	},
	idcard.Foreign2017: {
		{0, "SPECIMEN, SAMPLE"}, {120, "2"}, {122, "UTO310090010102"}, {152, "UTO"}, {158, "样张"},
		{188, "2020010120300101"}, {220, "19900101"}, {236, "01"}, {240, "3100"}, {markerAt, "I"},
	},
	idcard.Foreign2023: {
		{0, "样张"}, {30, "2"}, {32, "00"}, {36, "19900101"}, {52, "SPECIMEN, SAMPLE"}, {122, "93199919900101000X"},
		{188, "2024010120340101"}, {242, "UTO"}, {markerAt, "Y"},
	},
}

// specimenOf is the text of the made-up card whose layout has the given marker.
func specimenOf(marker uint16) []byte {
	kind, ok := markers[marker]
	if !ok {
		kind = idcard.Resident
	}
	text := make([]byte, textSize)
	for at := 0; at < textSize; at += 2 {
		text[at] = ' '
	}
	for _, f := range specimens[kind] {
		for i, unit := range utf16.Encode([]rune(f.text)) {
			binary.LittleEndian.PutUint16(text[f.at+2*i:], unit)
		}
	}
	return text
}
