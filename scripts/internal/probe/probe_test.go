package probe

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

const home = `{"screen":"home","serial":12,"lang":"zh","busy":false,"texts":["您想办什么"],
"controls":[{"id":"event:flexible","kind":"button","label":"灵活就业","x":40,"y":300.5,"w":480,"h":200,"visible":true,"enabled":true,"scroll":"main"}],
"scrolls":[{"id":"main","x":0,"y":200,"w":1080,"h":1500,"offset":0,"content":2400}]}`

func TestLookReadsOneDocumentFromTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte(home))
	}()
	view, err := Socket(path).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tile, ok := view.Control("event:flexible")
	if !ok || tile.Label != "灵活就业" || tile.Bounds().Dx() != 480 {
		t.Errorf("tile = %+v, %v", tile, ok)
	}
	if s, ok := view.Scroll(tile.Scroll); !ok || s.Content != 2400 {
		t.Errorf("scroll = %+v, %v", s, ok)
	}
	if n := len(view.WithPrefix("event:")); n != 1 {
		t.Errorf("%d tiles, want 1", n)
	}
}

func TestLookNamesWhatItCouldNotDo(t *testing.T) {
	_, err := Socket(filepath.Join(t.TempDir(), "none")).Look(t.Context())
	if err == nil || !strings.Contains(err.Error(), "ask the kiosk") {
		t.Errorf("err = %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(home)
	f.Add(`{`)
	f.Add(`{"controls":[null],"scrolls":[{"x":1e300}]}`)
	f.Fuzz(func(t *testing.T, data string) {
		view, err := Decode(strings.NewReader(data))
		if err != nil {
			return
		}
		for _, c := range view.Controls {
			if got, ok := view.Control(c.ID); !ok || got.ID != c.ID {
				t.Errorf("control %q is listed but not found", c.ID)
			}
		}
	})
}
