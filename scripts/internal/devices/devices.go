// Package devices is the client of the simulated devices' control: it lays and
// takes cards, holds codes to the scanner and fetches what has been printed. The
// devices themselves are reached by the kiosk alone, over their serial lines.
package devices

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Control is the address of the control, such as "http://127.0.0.1:40000".
type Control string

// LayCard lays the named card on the reader.
func (c Control) LayCard(ctx context.Context, name string) error {
	_, err := c.call(ctx, http.MethodPost, "/card/lay?name="+url.QueryEscape(name))
	return err
}

// TakeCard takes the card away.
func (c Control) TakeCard(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodPost, "/card/take")
	return err
}

// Cover opens or closes the printer's cover.
func (c Control) Cover(ctx context.Context, open bool) error {
	_, err := c.call(ctx, http.MethodPost, "/cover?open="+strconv.FormatBool(open))
	return err
}

// Supply changes the paper that is left: "ok", "near" its end or "out".
func (c Control) Supply(ctx context.Context, state string) error {
	_, err := c.call(ctx, http.MethodPost, "/paper?state="+url.QueryEscape(state))
	return err
}

// Silence has a device ("reader", "printer", "scanner") answer nothing, or again.
func (c Control) Silence(ctx context.Context, device string, on bool) error {
	_, err := c.call(ctx, http.MethodPost, "/"+url.PathEscape(device)+"/silence?on="+strconv.FormatBool(on))
	return err
}

// Scan holds a code to the scanner.
func (c Control) Scan(ctx context.Context, text string) error {
	_, err := send(ctx, http.MethodPost, string(c)+"/scan", nil, strings.NewReader(text))
	return err
}

// Tear takes all paper away.
func (c Control) Tear(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodPost, "/paper/clear")
	return err
}

// Slip is the text of what has been printed.
func (c Control) Slip(ctx context.Context) (string, error) {
	data, err := c.Paper(ctx, "txt")
	return string(data), err
}

// Paper is what has been printed: the bytes that the printer got ("bin"), their
// text ("txt") or a picture ("png").
func (c Control) Paper(ctx context.Context, kind string) ([]byte, error) {
	return c.call(ctx, http.MethodGet, "/paper."+kind)
}

func (c Control) call(ctx context.Context, method, path string) ([]byte, error) {
	return Call(ctx, method, string(c)+path, nil)
}

// The longest slip is a picture of some 2 MiB.
const maxReply = 16 << 20

// Call sends a request without a body and returns the body of the answer, which
// must be a good one.
func Call(ctx context.Context, method, target string, header http.Header) ([]byte, error) {
	return send(ctx, method, target, header, nil)
}

func send(ctx context.Context, method, target string, header http.Header, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, target, err)
	}
	for key, values := range header {
		req.Header[key] = values
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, target, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %.300s", method, target, resp.Status, data)
	}
	return data, nil
}
