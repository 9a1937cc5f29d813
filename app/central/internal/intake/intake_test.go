package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/central/internal/ledger"
	"leye/app/form"
	"leye/app/form/formtest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, shanghai)

func calendar(t testing.TB) *casework.Calendar {
	t.Helper()
	c, err := casework.OpenCalendar(os.DirFS("../../../../assets/calendar"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func load(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(os.DirFS("../../../../assets/catalogue"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type fixture struct {
	*Intake
	ledger    *ledger.Ledger
	catalogue *catalogue.Catalogue
}

func prepare(t testing.TB) fixture {
	t.Helper()
	now := func() time.Time { return noon }
	l, err := ledger.Open(context.Background(), filepath.Join(t.TempDir(), "central.db"), ledger.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	c := load(t)
	i, err := New(Config{Catalogue: c, Ledger: l, Calendar: calendar(t), Desks: map[string]string{"": "综合窗口", "employment": "就业窗口"}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return fixture{i, l, c}
}

const someID = "01KQ3ZC8V5W0T6R2N9M4H7XJDA"

// lookup is a right application that needs no identity.
func (f fixture) lookup() map[string]any {
	return map[string]any{
		"id": someID, "service": "job-search", "catalogueVersion": f.catalogue.Version(), "terminal": "PT01",
		"language": "zh", "filedAt": "2026-11-24T11:59:00+08:00", "reference": "PT01-1124-0007-3",
		"answers": map[string]any{"kw": "电工"},
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func with(m map[string]any, key string, v any) map[string]any {
	m = maps.Clone(m)
	if v == nil {
		delete(m, key)
		return m
	}
	m[key] = v
	return m
}

func TestTakeRepeats(t *testing.T) {
	f := prepare(t)
	body := encode(t, f.lookup())
	first, repeated, err := f.Take(t.Context(), "", someID, body)
	if err != nil || repeated {
		t.Fatalf("first: repeated %v, %v", repeated, err)
	}
	again, repeated, err := f.Take(t.Context(), "", someID, body)
	if err != nil || !repeated || again != first {
		t.Errorf("again: %v, repeated %v, %v; want %v", again, repeated, err, first)
	}
	if first.Desk != "就业窗口" || first.Due != "" || len(first.QueryCode) != 6 {
		t.Errorf("acknowledgement %+v", first)
	}
}

// TestTakeRepeatsAfterTheServiceIsGone asks for the old acknowledgement where
// the body would not be taken any more.
func TestTakeRepeatsAfterTheServiceIsGone(t *testing.T) {
	f := prepare(t)
	body := encode(t, f.lookup())
	first, _, err := f.Take(t.Context(), "", someID, body)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := New(Config{Catalogue: &catalogue.Catalogue{}, Ledger: f.ledger, Calendar: calendar(t)})
	if err != nil {
		t.Fatal(err)
	}
	again, repeated, err := empty.Take(t.Context(), "", someID, body)
	if err != nil || !repeated || again != first {
		t.Errorf("again: %v, repeated %v, %v; want %v", again, repeated, err, first)
	}
}

func TestTakeRefuses(t *testing.T) {
	f := prepare(t)
	right := f.lookup()
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	plain := string(encode(t, right))
	for _, tt := range []struct {
		name string
		body string
		code api.ProblemCode
	}{
		{"nothing", "", api.ProblemCodeMalformed},
		{"null", "null", api.ProblemCodeMalformed},
		{"a list", "[]", api.ProblemCodeMalformed},
		{"half", plain[:len(plain)/2], api.ProblemCodeMalformed},
		{"two values", plain + "{}", api.ProblemCodeMalformed},
		{"rubbish after", plain + "x", api.ProblemCodeMalformed},
		{"not UTF-8", strings.Replace(plain, "电工", "\xff\xfe", 1), api.ProblemCodeMalformed},
		{"byte order mark", "\ufeff" + plain, api.ProblemCodeMalformed},
		{"unknown key", string(encode(t, with(right, "more", 1))), api.ProblemCodeMalformed},
		{"key in capitals", strings.Replace(plain, `"reference"`, `"Reference"`, 1), api.ProblemCodeMalformed},
		{"repeated key", strings.Replace(plain, `{`, `{"service":"policy-lookup",`, 1), api.ProblemCodeMalformed},
		{"repeated answer", strings.Replace(plain, `"kw"`, `"kw":"木工","kw"`, 1), api.ProblemCodeMalformed},
		{"escaped repeat", strings.Replace(plain, `"kw"`, `"\u006bw":"木工","kw"`, 1), api.ProblemCodeMalformed},
		{"deep", strings.Replace(plain, `"电工"`, deep, 1), api.ProblemCodeMalformed},
		{"no service", string(encode(t, with(right, "service", nil))), api.ProblemCodeMalformed},
		{"service is a number", string(encode(t, with(right, "service", 7))), api.ProblemCodeMalformed},
		{"other id", string(encode(t, with(right, "id", strings.Repeat("Z", 26)))), api.ProblemCodeMalformed},
		{"short id", string(encode(t, with(right, "id", "7"))), api.ProblemCodeMalformed},
		{"terminal", string(encode(t, with(right, "terminal", "../PT01"))), api.ProblemCodeMalformed},
		{"language", string(encode(t, with(right, "language", "fr"))), api.ProblemCodeMalformed},
		{"day without time", string(encode(t, with(right, "filedAt", "2026-11-24"))), api.ProblemCodeMalformed},
		{"answers are a list", string(encode(t, with(right, "answers", []int{1}))), api.ProblemCodeMalformed},
		{"answers are null", strings.Replace(plain, `{"kw":"电工"}`, `null`, 1), api.ProblemCodeMalformed},
		{"answer is an object", strings.Replace(plain, `"电工"`, `{}`, 1), api.ProblemCodeMalformed},
		{"unknown service", string(encode(t, with(right, "service", "no-such"))), api.ProblemCodeUnknownService},
		{"unknown answer", strings.Replace(plain, `"kw"`, `"who"`, 1), api.ProblemCodeInvalidAnswers},
		{"wrong kind", strings.Replace(plain, `"电工"`, `["电工"]`, 1), api.ProblemCodeInvalidAnswers},
		{"wrong choice", strings.Replace(plain, `"kw":"电工"`, `"occ":"moon"`, 1), api.ProblemCodeInvalidAnswers},
		{"required missing", string(encode(t, with(right, "service", "jobseeker-registration"))), api.ProblemCodeInvalidAnswers},
	} {
		_, _, err := f.Take(t.Context(), "", someID, []byte(tt.body))
		refusal, ok := errors.AsType[*Refusal](err)
		if !ok || refusal.Code != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
			continue
		}
		if strings.Contains(refusal.Detail+refusal.Error(), "电工") {
			t.Errorf("%s: the refusal quotes an answer", tt.name)
		}
		if (tt.code == api.ProblemCodeInvalidAnswers) != (len(refusal.Problems) > 0) {
			t.Errorf("%s: problems %v", tt.name, refusal.Problems)
		}
	}
	if page, err := f.ledger.Cases(t.Context(), ledger.Query{}); err != nil || page.Total != 0 {
		t.Errorf("refused bodies left %d cases, %v", page.Total, err)
	}
}

func TestTakeRefusesAnotherBodyBeforeAnythingElse(t *testing.T) {
	f := prepare(t)
	if _, _, err := f.Take(t.Context(), "", someID, encode(t, f.lookup())); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"rubbish", string(encode(t, with(f.lookup(), "language", "en")))} {
		_, _, err := f.Take(t.Context(), "", someID, []byte(body))
		if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Code != api.ProblemCodeConflict {
			t.Errorf("%.10s: %v, want a conflict", body, err)
		}
	}
}

func TestTakeNotes(t *testing.T) {
	f := prepare(t)
	for n, tt := range []struct {
		name string
		body map[string]any
		want []ledger.Note
	}{
		{"nothing", f.lookup(), nil},
		{"other catalogue", with(f.lookup(), "catalogueVersion", "older"), []ledger.Note{{Row: -1, Code: NoteCatalogue}}},
		{
			"answer of another catalogue",
			with(with(f.lookup(), "catalogueVersion", "newer"), "answers", map[string]any{"kw": "电工", "shift": "night"}),
			[]ledger.Note{{Row: -1, Code: NoteCatalogue}, {Field: "shift", Row: -1, Code: NoteUnknown}},
		},
		{"clock of 1970", with(f.lookup(), "filedAt", "1970-01-01T00:00:00Z"), []ledger.Note{{Row: -1, Code: NoteClock}}},
		{"clock of 2030", with(f.lookup(), "filedAt", "2030-01-01T00:00:00Z"), []ledger.Note{{Row: -1, Code: NoteClock}}},
	} {
		id := fmt.Sprintf("%026d", n)
		ack, _, err := f.Take(t.Context(), "", id, encode(t, with(tt.body, "id", id)))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got, err := f.ledger.Notes(t.Context(), ack.Number); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: notes %v, %v; want %v", tt.name, got, err, tt.want)
		}
	}
}

// TestTakeEveryService files every service of the catalogue with answers made
// up at random, on the day that they were given.
func TestTakeEveryService(t *testing.T) {
	f := prepare(t)
	for n, s := range f.catalogue.Services() {
		compiled, err := form.Compile(f.catalogue, s.ID, noon)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := formtest.Random(rand.New(rand.NewPCG(1, uint64(n))), compiled)
		if err != nil {
			t.Errorf("%s: %v", s.ID, err)
			continue
		}
		id := fmt.Sprintf("%026d", n)
		body := with(with(with(f.lookup(), "id", id), "service", s.ID), "answers", answers)
		ack, _, err := f.Take(t.Context(), "", id, encode(t, body))
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			t.Errorf("%s: %s %v", s.ID, refusal.Code, refusal.Problems)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", s.ID, err)
			continue
		}
		c, err := f.ledger.Case(t.Context(), ack.Number)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := f.catalogue.Machine(s.StateMach)
		if c.State == m.States[0].ID || c.State == "" {
			t.Errorf("%s: case is in state %q", s.ID, c.State)
		}
		if named := slices.Contains(s.FieldGroups, "applicant"); named && !strings.Contains(c.ApplicantMasked, "*") {
			t.Errorf("%s: applicant is not masked", s.ID)
		}
	}
}

func TestTakeRefusesAnotherTerminalsName(t *testing.T) {
	f := prepare(t)
	body := encode(t, f.lookup())
	_, _, err := f.Take(t.Context(), "PT02", someID, body)
	if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Code != api.ProblemCodeForbidden {
		t.Errorf("%v, want forbidden", err)
	}
	if _, _, err := f.Take(t.Context(), "PT01", someID, body); err != nil {
		t.Errorf("its own name: %v", err)
	}
}

func TestDue(t *testing.T) {
	f := prepare(t)
	for _, tt := range []struct{ service, start, want string }{
		// Without a holiday in between: Friday the 18th plus 5 working days, Sunday the 20th being worked.
		{"inspection-complaint", "2026-09-18", "2026-09-24"},
		{"unemployment-benefit-claim", "2026-11-24", "2026-12-08"},
		{"resident-pension-claim", "2026-11-24", "2026-12-22"},
		{"work-injury-recognition", "2026-11-24", "2026-12-09"},
		{"mediation-application", "2026-11-24", "2026-12-09"},
		{"collective-contract-filing", "2026-09-16", "2026-10-08"}, // day 15 is 1 October, off
		{"labour-ability-assessment", "2026-11-24", ""},            // 60 days end in a year without a calendar
		{"unemployment-benefit-claim", "2026-12-25", ""},           // so do these 10
		{"jobseeker-registration", "2026-11-24", ""},               // a commitment only
		{"unemployment-registration", "2026-11-24", ""},            // a notice about papers promises no decision
		{"inspection-report", "2026-11-24", ""},                    // its clock starts when the agency files it
		{"hardship-recognition", "2026-11-24", ""},                 // a target of the plan
		{"startup-first-subsidy", "2026-11-24", ""},                // a window for the applicant
		{"collective-bargaining-help", "2026-11-24", ""},           // binds the other party
		{"arbitration-application", "2026-11-24", ""},              // 5 days, but working or calendar is not sure
		{"job-search", "2026-11-24", ""},
	} {
		start, err := time.ParseInLocation(time.DateOnly, tt.start, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		o, ok := f.openings[tt.service]
		if !ok {
			t.Errorf("no service %s", tt.service)
			continue
		}
		if got, err := f.due(o.clocks, start); err != nil || got != tt.want {
			t.Errorf("%s of %s is due %q, %v; want %q", tt.service, tt.start, got, err, tt.want)
		}
	}
}

func TestNewRefusesAServiceThatCannotBegin(t *testing.T) {
	c := broken{load(t)}
	if _, err := New(Config{Catalogue: c, Calendar: calendar(t)}); err == nil {
		t.Error("a catalogue without machines was taken")
	}
}

type broken struct{ *catalogue.Catalogue }

func (broken) Machine(string) (catalogue.Machine, bool) { return catalogue.Machine{}, false }

// TestAnonymousTipHasNoApplicant gives the author's name in the service's own
// field and asks that no list can show it.
func TestAnonymousTipHasNoApplicant(t *testing.T) {
	f := prepare(t)
	s, _ := f.catalogue.Service("inspection-report")
	name, masked := applicant(s, form.Answers{"name": form.Text("张示例")})
	if name != "" || masked != "" {
		t.Error("the author of a tip-off became its applicant")
	}
}

func FuzzDecode(f *testing.F) {
	right := `{"id":"` + someID + `","service":"job-search","catalogueVersion":"1","terminal":"PT01","language":"zh",` +
		`"filedAt":"2026-11-24T11:59:00+08:00","reference":"PT01-1124-0007-3","answers":{"kw":"电工","n":1.50,"l":["a"],"r":[{"x":true}]}}`
	f.Add([]byte(right))
	f.Add([]byte(right[:90]))
	f.Add([]byte(`{"answers":{"a":{"b":[[[[[[[[]]]]]]]]}}}`))
	f.Add([]byte("{\"\xff\":1}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, answers, err := decode(body)
		if err != nil {
			return
		}
		if !applicationID.MatchString(a.Id) || answers == nil {
			t.Errorf("taken: %+v", a)
		}
		// What was taken must say the same to any other reader.
		var generic map[string]any
		if err := json.Unmarshal(body, &generic); err != nil || len(generic) != len(bodyKeys) || generic["id"] != a.Id {
			t.Errorf("another reader sees %v, %v", generic["id"], err)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	f := prepare(b)
	compiled, err := form.Compile(f.catalogue, "flexible-employment-registration", noon)
	if err != nil {
		b.Fatal(err)
	}
	answers, err := formtest.Random(rand.New(rand.NewPCG(1, 2)), compiled)
	if err != nil {
		b.Fatal(err)
	}
	body := with(with(f.lookup(), "service", "flexible-employment-registration"), "answers", answers)
	n := 0
	for b.Loop() {
		n++
		id := fmt.Sprintf("%026d", n)
		if _, _, err := f.Take(context.Background(), "", id, encode(b, with(body, "id", id))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(encode(b, body))), "body-bytes")
}
