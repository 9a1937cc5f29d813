package paper

import (
	"bytes"
	"image/png"
	"testing"
)

func run(t testing.TB, c Config, b []byte) *Roll {
	t.Helper()
	r := NewRoll(c)
	for len(b) > 0 {
		cmd, n := Next(b)
		if n == 0 {
			break
		}
		r.Do(cmd)
		b = b[n:]
	}
	return r
}

func TestText(t *testing.T) {
	for name, v := range map[string]struct {
		config    Config
		in, paper string
	}{
		"two bytes":        {in: "\x1B@\x1C&\xBB\xD8\xD6\xB4\n", paper: "回执\n"},
		"four bytes":       {in: "\x1B@\x1C&\x95\x34\xB2\x35\n", paper: "𠮷\n"},
		"GB2312 font":      {Config{Charset: GB2312}, "\x1C&\x95\x34\xBB\xD8\n", "▯4回\n"},
		"GBK font":         {Config{Charset: GBK}, "\x1C&\xFE\x9F\x95\x34\xBB\xD8\n", "䶮▯4回\n"},
		"short font":       {Config{Charset: ShortGB18030}, "\x1C&\xFE\x9F\x95\x34\xB2\x35\xBB\xD8\n", "䶮▯回\n"},
		"no Chinese mode":  {in: "\x1B@\xC4\xC4\n", paper: "──\n"},
		"centred":          {in: "\x1Ba\x01AB\n", paper: "                       AB\n"},
		"double, right":    {in: "\x1Ba\x02\x1D!\x11AB\n", paper: "                                            AB\n"},
		"unfinished line":  {in: "A\nB", paper: "A\n"},
		"cut":              {in: "A\n\x1DVB\x00B\n", paper: "A\n" + CutLine + "\nB\n"},
		"cut within line":  {in: "A\x1DVB\x00\n", paper: "A\n"},
		"lost by ESC @":    {in: "A\x1B@B\n", paper: "B\n"},
		"too wide a code":  {in: "\x1D(k\x03\x001C\x10\x1D(k\x5D\x001P0" + string(bytes.Repeat([]byte("q"), 90)) + "\x1D(k\x03\x001Q0", paper: ""},
		"code":             {in: "\x1D(k\x05\x001P0ab\x1D(k\x03\x001Q0", paper: "[QR ab]\n"},
		"raster":           {in: "\x1Dv0\x00\x01\x00\x02\x00\x1B@", paper: "[picture]\n"},
		"status questions": {in: "A\x10\x04\x01B\n", paper: "AB\n"},
	} {
		if got := run(t, v.config, []byte(v.in)).Text(); got != v.paper {
			t.Errorf("%s: %q, want %q", name, got, v.paper)
		}
	}
}

// TestACopyStaysWhileTheRollGoesOn reads it beside the printing, as a panel does.
func TestACopyStaysWhileTheRollGoesOn(t *testing.T) {
	r := run(t, Config{}, []byte("A\nB\n"))
	seen, text := r.Copy(), make(chan string)
	go func() { text <- seen.Text() }()
	for b := []byte("C\n\x1DVB\x00D\n"); len(b) > 0; {
		cmd, n := Next(b)
		r.Do(cmd)
		b = b[n:]
	}
	if got := <-text; got != "A\nB\n" {
		t.Errorf("the copy became %q", got)
	}
	if got := r.Text(); got != "A\nB\nC\n"+CutLine+"\nD\n" {
		t.Errorf("the roll is %q", got)
	}
}

func TestPictureHoldsEveryDotOfARaster(t *testing.T) {
	data, err := run(t, Config{}, []byte("\x1Dv0\x00\x01\x00\x08\x00\xAA\x55\xAA\x55\xAA\x55\xAA\x55")).PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	black := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if img.At(x, y) == ink {
				black++
			}
		}
	}
	if black != 32 {
		t.Errorf("%d black dots, want 32", black)
	}
	if want := 576 + 2*marginDots + 2*deskDots; img.Bounds().Dx() != want {
		t.Errorf("%d pixels wide, want %d", img.Bounds().Dx(), want)
	}
}

// FuzzRoll gives a printer any bytes, whole and one by one: it never fails, and
// how the bytes arrive changes nothing but where a run of text ends.
func FuzzRoll(f *testing.F) {
	f.Add([]byte("\x1B@\x1C&\xBB\xD8\xD6\xB4\n\x1D(k\x05\x001P0ab\x1D(k\x03\x001Q0\x1DVB\x00"))
	f.Add([]byte("\x1B*!\x01\x00\xFF\xFF\xFF\n\x1D(L\x0C\x000p0\x01\x011\x08\x00\x01\x00\xFF\x80"))
	f.Add([]byte("\x1D(k\x00\x00\x1D(L\x00\x00\x1D(\x48\x00\x00\x1D8L\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		whole := run(t, Config{}, b).Text()
		r := NewRoll(Config{})
		var held []byte
		for _, c := range b {
			held = append(held, c)
			for {
				cmd, n := Next(held)
				if n == 0 {
					break
				}
				r.Do(cmd)
				held = held[n:]
			}
		}
		if got := r.Text(); got != whole {
			t.Errorf("byte by byte %q, whole %q", got, whole)
		}
	})
}
