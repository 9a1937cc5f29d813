package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/assets"
	"leye/devices/printer"
	"leye/devices/printer/dots"
	"leye/devices/printer/escpos"
)

// longestText bounds what print takes, in bytes: some ten metres of paper.
const longestText = 64 << 10

func printCommand() command {
	return command{
		name: "print", words: "FILE", most: 1,
		summary: "print a plain UTF-8 text, cut the paper and say what is proved",
		about:   "FILE - is the standard input. Lines that are too long for the paper are wrapped.",
		examples: []string{
			"print --port /dev/ttyUSB1 notice.txt",
			"print --port /dev/ttyS2 --baud 19200 --columns 32 -",
		},
		exits: []int{exitFailed, exitDevice, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			d := bindPaper(f)
			return func(ctx context.Context, words []string, s streams) error {
				if len(words) == 0 {
					return wrongUsage("print text: no file named")
				}
				text, err := readText(ctx, words[0], s.in)
				if err != nil {
					return err
				}
				return d.print(ctx, s, func(config.Printer) printer.Document { return textDocument(text) })
			}
		},
	}
}

func printTestCommand() command {
	return command{
		name:    "print-test",
		summary: "print a test slip and say what is proved",
		about: "The slip shows Chinese, Latin and digits in both sizes, lines, a QR code and a ruler over all columns.\n" +
			"What the printer's font lacks is drawn. --font gb18030 draws nothing: a row with a blank or wrong\n" +
			"character says that the font holds less, and --font should name the row above.",
		examples: []string{"print-test", "print-test --port /dev/ttyUSB1 --columns 32", "print-test --font gb18030"},
		exits:    []int{exitFailed, exitDevice, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			d := bindPaper(f)
			return func(ctx context.Context, _ []string, s streams) error {
				return d.print(ctx, s, func(p config.Printer) printer.Document { return testSlip(p, time.Now(), "") })
			}
		},
	}
}

// paper are the flags that choose a printer.
type paper struct {
	device
	columns int
	font    string
}

func bindPaper(f *flag.FlagSet) *paper {
	var p paper
	p.bind(f)
	f.IntVar(&p.columns, "columns", 0, "`NUMBER` of half-width characters on a line, 16 to 64")
	f.StringVar(&p.font, "font", "", "what the printer's font holds by `NAME`: auto, gb2312, gbk or gb18030")
	return &p
}

// chosen is the printer of the configuration with what the flags say instead.
func (p *paper) chosen() (config.Printer, error) {
	if p.columns != 0 && (p.columns < 16 || p.columns > 64) {
		return config.Printer{}, wrongUsage("read arguments: --columns %d is not 16 to 64", p.columns)
	}
	if _, err := escpos.ParseCharset(cmp.Or(p.font, "auto")); err != nil {
		return config.Printer{}, wrongUsage("read arguments: --font %q is not auto, gb2312, gbk or gb18030", p.font)
	}
	cfg, err := p.settings()
	to := cfg.Printer
	to.Serial, to.Columns, to.Font = p.over(to.Serial), cmp.Or(p.columns, to.Columns), cmp.Or(p.font, to.Font)
	return to, err
}

func (p *paper) print(ctx context.Context, s streams, compose func(config.Printer) printer.Document) (err error) {
	to, err := p.chosen()
	if err != nil {
		return err
	}
	glyphs, err := dots.Open(assets.Dots())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, glyphs.Close()) }()
	driver, err := openPrinter(to, glyphs, slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return deviceFailure(err)
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	proof, err := driver.Print(ctx, compose(to))
	has := driver.Capability()
	_, told := fmt.Fprintf(s.out, "%s: %s (%s, level %d)\n", proof, proofs[proof], cmp.Or(has.Model, "model unknown"), int(has.Level))
	return errors.Join(paperFailure(err), told)
}

// patience is how long a printer may take over one question: nobody waits in
// front of it, and an answer that comes after the question was put again would be
// taken for the next one's.
const patience = time.Second

func openPrinter(to config.Printer, glyphs escpos.Glyphs, log *slog.Logger) (*escpos.Printer, error) {
	if err := vacant(to.Port); err != nil {
		return nil, err
	}
	font, err := escpos.ParseCharset(to.Font)
	if err != nil {
		return nil, err
	}
	return escpos.Open(escpos.Config{
		Port: to.Port, Driver: to.Driver, Baud: to.Baud, Columns: to.Columns, Family: to.Family, Charset: font, Glyphs: glyphs,
		Timing: escpos.Timing{RealTime: patience}, Log: log,
	})
}

var proofs = map[printer.Proof]string{
	printer.NotSent:   "no valid slip came out",
	printer.InDoubt:   "a slip may have come out, look at the paper",
	printer.Sent:      "everything was sent and no fault was seen; the printer cannot confirm more",
	printer.Processed: "the printer has worked through all of it",
	printer.Printed:   "the printer confirmed that all of it is on paper",
}

func paperFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, printer.ErrNotReady), errors.Is(err, printer.ErrStopped):
		return &failure{exitNotReady, fmt.Errorf("print: %w", err), "put the printer in order (paper, cover, knife) and print again"}
	case errors.Is(err, printer.ErrFont), errors.Is(err, printer.ErrDocument):
		return fmt.Errorf("print: %w", err)
	}
	return deviceFailure(fmt.Errorf("print: %w", err))
}

// readText reads what is to be printed.
func readText(ctx context.Context, name string, in io.Reader) (string, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read text: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := readAll(ctx, io.LimitReader(in, longestText+1))
	if err != nil {
		return "", fmt.Errorf("read text: %w", err)
	}
	text := strings.TrimSuffix(strings.TrimPrefix(string(data), "\uFEFF"), "\n")
	switch {
	case len(data) > longestText:
		return "", fmt.Errorf("read text: %s is longer than %d bytes", name, longestText)
	case !utf8.Valid(data):
		return "", fmt.Errorf("read text: %s:%d: not UTF-8", name, badLine(data))
	case strings.TrimSpace(text) == "":
		return "", fmt.Errorf("read text: %s is empty", name)
	}
	return text, nil
}

// readAll lets Ctrl-C end it: a read from a keyboard cannot be broken off. The
// goroutine that stays behind then ends with the program.
func readAll(ctx context.Context, in io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(in)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func badLine(data []byte) int {
	for n, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			return n + 1
		}
	}
	return 1
}

// tab is as wide as a Chinese paragraph's indent: columns cannot be kept on
// paper that wraps.
const tab = "    "

func textDocument(text string) printer.Document {
	d := printer.Document{Tail: []printer.Block{printer.Cut{}}}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\r"), "\t", tab)
		d.Body = append(d.Body, printer.Line{Text: line})
	}
	return d
}

// testSlip has all that a slip may have. Its code holds the time when none is
// given.
func testSlip(p config.Printer, at time.Time, code string) printer.Document {
	const latin = "The quick brown fox jumps over the lazy dog 0123456789"
	return printer.Document{
		Body: []printer.Block{
			printer.Line{Text: "打印测试", Align: printer.Center, Bold: true, Double: true},
			printer.Line{Text: "Printer test", Align: printer.Center},
			printer.Rule{},
			printer.Pair{Label: "时间", Value: at.In(kiosk.China).Format("2006-01-02 15:04:05")},
			printer.Pair{Label: "端口", Value: p.Port},
			printer.Pair{Label: "Driver", Value: fmt.Sprintf("%s, %d baud", p.Driver, p.Baud)},
			printer.Pair{Label: "Columns", Value: fmt.Sprint(p.Columns)},
			printer.Pair{Label: "Font", Value: p.Font},
			printer.Rule{},
			printer.Line{Text: "社保、就业、劳动关系\u3002"},
			printer.Pair{Label: "GB 2312", Value: "啊阿埃挨哎唉齄"},
			printer.Pair{Label: "GBK", Value: "堃喆赟龑昇祎䶮"},
			printer.Pair{Label: "GB 18030", Value: "㐂㛃𠮷𡈼𫖯𬭎𪚥"},
			printer.Line{Text: latin},
			printer.Line{Text: latin, Bold: true},
			printer.Line{Text: "大字 AaBb 0123", Double: true},
			printer.Line{Text: "右", Align: printer.Right},
			printer.Line{Text: ruler(p.Columns)},
			printer.Rule{},
		},
		Tail: []printer.Block{
			printer.QR{Data: cmp.Or(code, "leye printer test "+at.In(kiosk.China).Format("20060102150405"))},
			printer.Line{Text: "二维码可扫\uFF0C标尺不折行\uFF0C即为正常", Align: printer.Center},
			printer.Cut{},
		},
	}
}

// ruler counts every column; the tens stand where they are.
func ruler(columns int) string {
	var b strings.Builder
	for n := 1; n <= columns; n++ {
		if n%10 == 0 {
			b.WriteByte(byte('0' + n/10))
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}
