package main

import (
	"context"
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
	{"slip", http.MethodGet, "/paper.txt"},
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
	for _, d := range deeds {
		if path, ok := d.request(flags.Args()); ok {
			return d.do(ctx, *dir, path, out)
		}
	}
	return fmt.Errorf("%w: no such command %q", errUsage, strings.Join(flags.Args(), " "))
}

// do sends the request and copies the answer.
func (d deed) do(ctx context.Context, dir, path string, out io.Writer) error {
	address, err := os.ReadFile(controlFile(dir))
	if err != nil {
		return fmt.Errorf("find control, is devsim running there? %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, d.method, string(address)+path, nil)
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
