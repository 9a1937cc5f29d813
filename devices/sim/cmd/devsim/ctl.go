package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// deed is a command of ctl and the request that does it. A last word in capitals
// stands for any word, which the path takes after its equals sign.
type deed struct{ words, method, path string }

var deeds = []deed{
	{"card lay NAME", http.MethodPost, "/card/lay?name="},
	{"card take", http.MethodPost, "/card/take"},
	{"card pull", http.MethodPost, "/card/take?when=read"},
	{"cards", http.MethodGet, "/cards"},
	{"paper out", http.MethodPost, "/paper?state=out"},
	{"paper near", http.MethodPost, "/paper?state=near"},
	{"paper in", http.MethodPost, "/paper?state=ok"},
	{"cover open", http.MethodPost, "/cover?open=true"},
	{"cover close", http.MethodPost, "/cover?open=false"},
	{"power on", http.MethodPost, "/printer?power=on"},
	{"power off", http.MethodPost, "/printer?power=off"},
	{"noise reader N", http.MethodPost, "/reader/noise?seed="},
	{"noise printer N", http.MethodPost, "/printer/noise?seed="},
	{"silence reader on", http.MethodPost, "/reader/silence?on=true"},
	{"silence reader off", http.MethodPost, "/reader/silence?on=false"},
	{"silence printer on", http.MethodPost, "/printer/silence?on=true"},
	{"silence printer off", http.MethodPost, "/printer/silence?on=false"},
	{"noise scanner N", http.MethodPost, "/scanner/noise?seed="},
	{"silence scanner on", http.MethodPost, "/scanner/silence?on=true"},
	{"silence scanner off", http.MethodPost, "/scanner/silence?on=false"},
	{"scenarios", http.MethodGet, "/scenarios"},
	{"scenario NAME", http.MethodPost, "/scenario?name="},
	{"mend NAME", http.MethodPost, "/mend?name="},
	{"slip", http.MethodGet, "/paper.txt"},
	{"take slip", http.MethodPost, "/slip/take"},
	{"tear", http.MethodPost, "/paper/clear"},
	{"state", http.MethodGet, "/state"},
}

// request is the path that the words ask for.
func (d deed) request(words []string) (path string, ok bool) {
	want := strings.Fields(d.words)
	if len(want) != len(words) {
		return "", false
	}
	path = d.path
	for i, w := range want {
		switch {
		case w == words[i]:
		case w == strings.ToUpper(w):
			path += url.QueryEscape(words[i])
		default:
			return "", false
		}
	}
	return path, true
}

// control does one deed at the devices that a devsim simulates.
func control(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("devsim ctl", flag.ContinueOnError)
	dir := flags.String("dir", "", "")
	if done, err := parse(flags, args, out); done {
		return err
	}
	if *dir == "" {
		return fmt.Errorf("%w: ctl needs --dir", errUsage)
	}
	if flags.Arg(0) == "scan" {
		return scan(ctx, *dir, flags.Args()[1:], out)
	}
	for _, d := range deeds {
		if path, ok := d.request(flags.Args()); ok {
			return d.do(ctx, *dir, path, nil, out)
		}
	}
	return fmt.Errorf("%w: no such command %q", errUsage, strings.Join(flags.Args(), " "))
}

// scan holds a code to the scanner.
func scan(ctx context.Context, dir string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("devsim ctl scan", flag.ContinueOnError)
	file := flags.String("file", "", "")
	digits := flags.String("hex", "", "")
	fault := flags.String("fault", "", "")
	if done, err := parse(flags, args, out); done {
		return err
	}
	given := 0
	for _, on := range []bool{*file != "", *digits != "", flags.NArg() == 1} {
		if on {
			given++
		}
	}
	if given != 1 || flags.NArg() > 1 {
		return fmt.Errorf("%w: scan needs one of TEXT, --file and --hex", errUsage)
	}
	content, err := []byte(flags.Arg(0)), error(nil)
	switch {
	case *file != "":
		content, err = os.ReadFile(*file)
	case *digits != "":
		content, err = hex.DecodeString(strings.ReplaceAll(*digits, " ", ""))
	}
	if err != nil {
		return fmt.Errorf("read code: %w", err)
	}
	d := deed{"scan", http.MethodPost, "/scan?fault=" + url.QueryEscape(*fault)}
	return d.do(ctx, dir, d.path, bytes.NewReader(content), out)
}

// do sends the request and copies the answer.
func (d deed) do(ctx context.Context, dir, path string, body io.Reader, out io.Writer) error {
	address, err := os.ReadFile(controlFile(dir))
	if err != nil {
		return fmt.Errorf("find control, is devsim running there? %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, d.method, string(address)+path, body)
	if err != nil {
		return fmt.Errorf("ask control: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask control, is devsim running there? %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		// The reason is one short line.
		reason, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
		return errors.Join(fmt.Errorf("%s: %s", d.words, strings.TrimSpace(string(reason))), err)
	}
	_, err = io.Copy(out, resp.Body)
	return err
}
