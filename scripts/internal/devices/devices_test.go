package devices

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestControlAsksForWhatItsNameSays(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.String()+string(body))
		if r.URL.Query().Get("name") == "none" {
			http.Error(w, "no such card", http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte("受理回执"))
	}))
	defer server.Close()
	control := Control(server.URL)
	if err := control.LayCard(t.Context(), "resident_plain"); err != nil {
		t.Error(err)
	}
	if err := control.TakeCard(t.Context()); err != nil {
		t.Error(err)
	}
	if err := control.Scan(t.Context(), "+LEYE"); err != nil {
		t.Error(err)
	}
	if err := control.Tear(t.Context()); err != nil {
		t.Error(err)
	}
	if slip, err := control.Slip(t.Context()); err != nil || slip != "受理回执" {
		t.Errorf("slip = %q, %v", slip, err)
	}
	want := "POST /card/lay?name=resident_plain POST /card/take POST /scan+LEYE POST /paper/clear GET /paper.txt"
	if got := strings.Join(asked, " "); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	if err := control.LayCard(t.Context(), "none"); err == nil || !strings.Contains(err.Error(), "no such card") {
		t.Errorf("err = %v", err)
	}
}
