package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// needle is one form in which something that a resident told can lie on a disk.
type needle struct {
	what string // such as "mobile in UTF-16LE"
	form string
}

// forms are those in which a text is looked for: as programs and drivers hold it,
// and as files and lines carry it.
func forms(what, text string) (list []needle) {
	seen := map[string]bool{}
	add := func(how, form string) {
		if !seen[form] && len(form) > 1 {
			seen[form] = true
			list = append(list, needle{what + " in " + how, form})
		}
	}
	add("UTF-8", text)
	if gbk, err := simplifiedchinese.GBK.NewEncoder().String(text); err == nil { // some names have no such form
		add("GBK", gbk)
	}
	var little, big, escaped []byte
	for _, u := range utf16.Encode([]rune(text)) {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
		if u < 0x80 {
			escaped = append(escaped, byte(u))
		} else {
			escaped = fmt.Appendf(escaped, `\u%04x`, u)
		}
	}
	add("UTF-16LE", string(little))
	add("UTF-16BE", string(big))
	add("JSON's escapes", string(escaped))
	add("a URL", url.QueryEscape(text))
	add("hexadecimal", fmt.Sprintf("%x", text))
	add("HEXADECIMAL", fmt.Sprintf("%X", text))
	// Of the three ways in which it can lie in a longer base64 text, what does not
	// depend on its neighbours.
	for skip := range 3 {
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + text))
		add(fmt.Sprint("base64 at ", skip), coded[[]int{0, 2, 3}[skip]:(skip+len(text))/3*4])
	}
	return list
}

// haystack finds many needles in one go, by their first two bytes.
type haystack struct {
	starts  [1 << 16][]needle
	longest int
}

func newHaystack(list []needle) *haystack {
	h := new(haystack)
	for _, n := range list {
		first := int(n.form[0])<<8 | int(n.form[1])
		h.starts[first] = append(h.starts[first], n)
		h.longest = max(h.longest, len(n.form))
	}
	return h
}

// find tells where in r each needle lies first, as the offset in bytes.
func (h *haystack) find(r io.Reader) (map[needle]int64, error) {
	const chunk = 1 << 20
	found := map[needle]int64{}
	buf, kept, at := make([]byte, h.longest+chunk), 0, int64(0)
	zero := make([]byte, len(buf))
	for {
		n, err := io.ReadFull(r, buf[kept:kept+chunk])
		text := buf[:kept+n]
		if !bytes.Equal(text, zero[:len(text)]) { // most of a disk is empty
			h.look(text, at, found)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		// What began in this chunk may end in the next.
		from := max(0, len(text)-h.longest+1)
		kept = copy(buf, text[from:])
		at += int64(from)
	}
}

func (h *haystack) look(text []byte, at int64, found map[needle]int64) {
	for i := range max(0, len(text)-1) {
		for _, n := range h.starts[int(text[i])<<8|int(text[i+1])] {
			if _, before := found[n]; !before && len(text)-i >= len(n.form) && string(text[i:i+len(n.form)]) == n.form {
				found[n] = at + int64(i)
			}
		}
	}
}

func (h *haystack) findIn(path string) (map[needle]int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := h.find(f)
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", path, err)
	}
	return found, nil
}
