package printertest

import (
	"fmt"
	"image"
	"strings"

	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/sim/paper"
)

// Text draws a document as the lines that a paper of the given columns shows:
// characters in half-width cells, a QR code as [QR data], a cut as a line of
// its own. It is written from the document alone, so it judges the drivers.
func Text(d printer.Document, columns int) string {
	var b strings.Builder
	blocks := append(append([]printer.Block(nil), d.Body...), d.Tail...)
	for i := 0; i < len(blocks); i++ {
		if _, ok := blocks[i].(printer.Pair); ok {
			i += pairs(&b, blocks[i:], columns) - 1
			continue
		}
		block(&b, blocks[i], columns)
	}
	return b.String()
}

func block(b *strings.Builder, of printer.Block, columns int) {
	switch of := of.(type) {
	case printer.Line:
		line(b, of, columns)
	case printer.Rule:
		b.WriteString(strings.Repeat("-", columns) + "\n")
	case printer.QR:
		b.WriteString("[QR " + of.Data + "]\n")
	case printer.Feed:
		b.WriteString(strings.Repeat("\n", of.Lines))
	case printer.Cut:
		b.WriteString(paper.CutLine + "\n")
	}
}

func line(b *strings.Builder, l printer.Line, columns int) {
	times := 1
	if l.Double {
		times = 2
	}
	for row := range printer.Wrap(l.Text, columns/times) {
		free := columns - times*printer.TextWidth(row)
		pad := map[printer.Align]int{printer.Center: free / 2, printer.Right: free}[l.Align]
		if row == "" {
			pad = 0
		}
		b.WriteString(strings.Repeat(" ", pad) + row + "\n")
	}
}

func pairs(b *strings.Builder, blocks []printer.Block, columns int) int {
	var run []printer.Pair
	for _, of := range blocks {
		p, ok := of.(printer.Pair)
		if !ok {
			break
		}
		run = append(run, p)
	}
	at := printer.ValueColumn(run, columns)
	for _, p := range run {
		for row := range printer.PairRows(p, at, columns) {
			b.WriteString(row + "\n")
		}
	}
	return len(run)
}

// Picture draws a document as it comes out of a printer with the given columns,
// one pixel a dot: encoded by the driver and printed on simulated paper.
func Picture(d printer.Document, columns int, fonts *paper.Fonts) (image.Image, error) {
	encode := escpos.NewEncoder(escpos.Profile{Columns: columns, Charset: escpos.GB18030})
	var out escpos.Encoded
	encode.Setup(&out)
	for _, blocks := range [][]printer.Block{d.Body, d.Tail} {
		if err := encode.Encode(&out, blocks); err != nil {
			return nil, fmt.Errorf("draw document: %w", err)
		}
	}
	roll := paper.NewRoll(paper.Config{Dots: columns * 12, Fonts: fonts})
	for rest := []byte(out.Buffer); len(rest) > 0; {
		c, n := paper.Next(rest)
		roll.Do(c)
		rest = rest[n:]
	}
	return roll.Picture(), nil
}
