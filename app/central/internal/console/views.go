package console

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/mask"
	"leye/app/form"
)

const pageSize = 25

// caseRow is one case in the list and the head of its page.
type caseRow struct {
	Number, Reference, Applicant, Terminal, Desk string
	Service, State                               label
	Tone                                         string
	Accepted                                     time.Time
	Due                                          due
}

func (c *Console) row(k ledger.Case) caseRow {
	m := c.machine(k.Service)
	t := tone(m, k.State)
	return caseRow{
		Number: k.Number, Reference: k.Reference, Applicant: k.ApplicantMasked, Terminal: k.Terminal, Desk: k.Desk,
		Service: c.serviceLabel(k.Service), State: stateLabel(m, k.State), Tone: t,
		Accepted: k.AcceptedAt, Due: dueOn(k.Due, t == "settled", c.now()),
	}
}

// caseList is the content of the page with the list of cases.
type caseList struct {
	Search, Service, Terminal string
	Services                  []service
	Rows                      []caseRow
	Total                     int
	Older                     string // address of the next page, or empty
	Deep                      bool   // not the first page
}

type service struct {
	ID   string
	Name label
}

func (c *Console) showCases(w http.ResponseWriter, r *http.Request) {
	q := ledger.Query{
		Search: r.FormValue("q"), Service: r.FormValue("service"), Terminal: r.FormValue("terminal"),
		Before: r.FormValue("before"), Limit: pageSize,
	}
	found, err := c.ledger.Cases(r.Context(), q)
	if err != nil {
		c.failed(w, r, err)
		return
	}
	list := caseList{Search: q.Search, Service: q.Service, Terminal: q.Terminal, Total: found.Total, Deep: q.Before != ""}
	for _, s := range c.catalogue.Services() {
		list.Services = append(list.Services, service{s.ID, named(s.Text, s.ID)})
	}
	for _, k := range found.Cases {
		list.Rows = append(list.Rows, c.row(k))
	}
	if found.Next != "" {
		v := url.Values{"before": {found.Next}}
		for key, value := range map[string]string{"q": q.Search, "service": q.Service, "terminal": q.Terminal} {
			if value != "" {
				v.Set(key, value)
			}
		}
		list.Older = "/cases?" + v.Encode()
	}
	c.render(w, http.StatusOK, "cases", frame{Title: "办件", English: "Cases", Here: "cases", Inside: true, Page: list})
}

// caseView is the content of the page of one case.
type caseView struct {
	caseRow
	ApplicationID string
	Answers       []answer
	Masked        bool // something is hidden
	Shown         bool // the answers are in full
	Events        []event
	Notes         []note
}

type answer struct {
	Label    label
	Value    string
	Personal bool
	Head     []label    // of a table of rows
	Rows     [][]string // of a table of rows
}

type event struct {
	At           time.Time
	Event, State label
	Actor        label
	Internal     bool
}

type note struct {
	Field label
	Row   int // from 1; 0 outside a repeat
	Words label
}

func (c *Console) showCase(w http.ResponseWriter, r *http.Request) { c.renderCase(w, r, false) }

// showAnswers shows the answers in full, after it is on record that somebody
// looked: no record, no look.
func (c *Console) showAnswers(w http.ResponseWriter, r *http.Request) {
	if err := c.ledger.Record(r.Context(), r.PathValue("number"), AnswersShown); err != nil {
		c.failed(w, r, err)
		return
	}
	c.renderCase(w, r, true)
}

func (c *Console) renderCase(w http.ResponseWriter, r *http.Request, shown bool) {
	view, err := c.viewCase(r, shown)
	if err != nil {
		c.failed(w, r, err)
		return
	}
	c.render(w, http.StatusOK, "case", frame{Title: view.Service.ZH, English: view.Service.EN, Here: "cases", Inside: true, Page: view})
}

func (c *Console) viewCase(r *http.Request, shown bool) (caseView, error) {
	ctx, number := r.Context(), r.PathValue("number")
	k, err := c.ledger.Case(ctx, number)
	if err != nil {
		return caseView{}, err
	}
	body, err := c.ledger.Body(ctx, number)
	if err != nil {
		return caseView{}, err
	}
	answers, err := mask.Read(body)
	if err != nil {
		return caseView{}, err
	}
	events, err := c.ledger.Events(ctx, number)
	if err != nil {
		return caseView{}, err
	}
	notes, err := c.ledger.Notes(ctx, number)
	if err != nil {
		return caseView{}, err
	}
	view := caseView{caseRow: c.row(k), ApplicationID: k.ApplicationID, Shown: shown}
	if shown {
		view.Applicant = k.Applicant
	}
	s, _ := c.catalogue.Service(k.Service)
	fields := c.catalogue.Fields(s)
	view.Answers = c.answers(fields, mask.WithoutAuthor(s, answers), shown)
	for _, a := range view.Answers {
		view.Masked = view.Masked || a.Personal
	}
	m := c.machine(k.Service)
	for _, e := range events {
		view.Events = append(view.Events, event{e.At, eventLabel(m, e.Event), stateLabel(m, e.State), actorLabel(e.Actor), e.Internal})
	}
	for _, n := range notes {
		view.Notes = append(view.Notes, note{fieldLabel(fields, n.Field), n.Row + 1, noteLabel(n)})
	}
	return view, nil
}

func fieldLabel(fields []catalogue.Field, key string) label {
	key, inner, _ := strings.Cut(key, ".")
	for _, d := range fields {
		if d.Key != key {
			continue
		}
		if inner != "" {
			return fieldLabel(d.Fields, inner)
		}
		return named(d.Text, key)
	}
	return label{key, ""}
}

// answers puts the answers in the form's order, with words for codes; those
// that the form does not know come last, and always hidden until shown.
func (c *Console) answers(fields []catalogue.Field, given form.Answers, shown bool) []answer {
	var out []answer
	known := map[string]bool{}
	for _, d := range fields {
		known[d.Key] = true
		v, ok := given[d.Key]
		if !ok || v.Empty() {
			continue
		}
		a := answer{Label: named(d.Text, d.Key), Personal: personal(d)}
		if d.Type == catalogue.TypeRepeat {
			a.Head, a.Rows = c.table(d, v, shown)
		} else {
			a.Value = c.text(d, v, shown)
		}
		out = append(out, a)
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if known[key] {
			continue
		}
		value := mask.Recorded
		if shown {
			value = c.text(catalogue.Field{}, given[key], true)
		}
		out = append(out, answer{Label: label{key, "不在本目录 not in this catalogue"}, Value: value, Personal: true})
	}
	return out
}

// personal reports whether d or a field of its rows is masked.
func personal(d catalogue.Field) bool {
	for _, inner := range d.Fields {
		if mask.Personal(inner) {
			return true
		}
	}
	return mask.Personal(d)
}

func (c *Console) table(d catalogue.Field, v form.Value, shown bool) ([]label, [][]string) {
	var head []label
	for _, inner := range d.Fields {
		head = append(head, named(inner.Text, inner.Key))
	}
	var rows [][]string
	for _, given := range v.Rows() {
		cells := make([]string, len(d.Fields))
		for i, inner := range d.Fields {
			cells[i] = c.text(inner, given[inner.Key], shown)
		}
		rows = append(rows, cells)
	}
	return head, rows
}

// text is an answer as a person reads it.
func (c *Console) text(d catalogue.Field, v form.Value, shown bool) string {
	if v.Empty() {
		return ""
	}
	if !shown && mask.Personal(d) {
		return mask.Value(d, v).Text()
	}
	word := func(code string) string {
		for _, choice := range c.catalogue.Choices(d) {
			if choice.Code == code {
				return choice.ZH
			}
		}
		return code
	}
	switch v.Kind() {
	case form.KindBool:
		if v.Bool() {
			return "是"
		}
		return "否"
	case form.KindList:
		return joined(v.List(), word)
	case form.KindRows:
		return strconv.Itoa(len(v.Rows())) + " 行"
	}
	switch d.Type {
	case catalogue.TypeChoice:
		return word(v.Text())
	case catalogue.TypeAttachmentNote:
		return attachment(v.Text())
	}
	return v.Text()
}

// terminalRow is one terminal in the list.
type terminalRow struct {
	ledger.Terminal
	Ago, Heard string // how long ago it was heard of, and the tone of that
	Tone       string // of all together
	Behind     bool   // its catalogue is not ours
	Skew       string // how wrong its clock was, when that is much
	Waiting    string // how long its oldest application waits
	Alarm      string // what is wrong with its journal
}

// A terminal beats every minute or so: after five it is worth a look, after
// thirty somebody should go there.
const (
	quiet = 5 * time.Minute
	lost  = 30 * time.Minute
	skew  = 30 * time.Second
)

func (c *Console) showTerminals(w http.ResponseWriter, r *http.Request) {
	all, err := c.ledger.Terminals(r.Context())
	if err != nil {
		c.failed(w, r, err)
		return
	}
	heads, err := c.ledger.JournalHeads(r.Context())
	if err != nil {
		c.failed(w, r, err)
		return
	}
	alarms := map[string]ledger.HeadAlarm{}
	for _, h := range heads {
		alarms[h.Terminal] = h.Alarm
	}
	rows := make([]terminalRow, len(all))
	for i, t := range all {
		rows[i] = c.terminal(t)
		if alarm := alarms[t.ID]; alarm != ledger.NoAlarm {
			rows[i].Alarm, rows[i].Tone = alarmWords(alarm), "late"
		}
	}
	evacuations, err := c.ledger.Evacuations(r.Context())
	if err != nil {
		c.failed(w, r, err)
		return
	}
	c.render(w, http.StatusOK, "terminals", frame{
		Title: "终端", English: "Terminals", Here: "terminals", Inside: true, Page: fleet{rows, evacuationRows(evacuations)},
	})
}

// fleet is the content of the page of terminals.
type fleet struct {
	Terminals   []terminalRow
	Evacuations []evacuationRow
}

// evacuationRow is one terminal's queue that another sends.
type evacuationRow struct {
	ledger.Evacuation
	Tone  string
	Words label
}

func evacuationRows(all []ledger.Evacuation) []evacuationRow {
	rows := make([]evacuationRow, len(all))
	for i, e := range all {
		row := evacuationRow{Evacuation: e, Tone: "soon", Words: label{"接收终端正在上传", "the adopter is sending"}}
		switch {
		case !e.CancelledAt.IsZero():
			row.Tone, row.Words = "calm", label{"已撤回，由原终端上传", "taken back, its own terminal sends"}
		case e.Adopter == "":
			row.Tone, row.Words = "late", label{"已解除接收，等待重新接收", "released, waits for another adopter"}
		case e.Sent >= e.Held && e.Held < e.Count:
			row.Tone, row.Words = "calm", label{"其余由别的终端上传", "others send the rest"}
		case e.Sent >= e.Held:
			row.Tone, row.Words = "calm", label{"全部收到", "all has come"}
		}
		rows[i] = row
	}
	return rows
}

// Metres is the paper that is left, in whole metres.
func (t terminalRow) Metres() int { return t.PaperLeft / 1000 }

func (c *Console) terminal(t ledger.Terminal) terminalRow {
	silent := c.now().Sub(t.SeenAt)
	row := terminalRow{Terminal: t, Ago: ago(silent), Heard: "calm", Behind: t.CatalogueVersion != "" && t.CatalogueVersion != c.catalogue.Version()}
	switch {
	case silent > lost:
		row.Heard = "late"
	case silent > quiet:
		row.Heard = "soon"
	}
	row.Tone = worst(row.Heard, t.Conditions)
	if off := t.SentAt.Sub(t.SeenAt); off.Abs() > skew {
		row.Skew = clockError(off)
	}
	if t.Queued > 0 && !t.OldestQueuedAt.IsZero() {
		row.Waiting = ago(c.now().Sub(t.OldestQueuedAt))
	}
	return row
}

// worst is the tone of a terminal with these conditions that was heard of so.
func worst(heard string, conditions []ledger.Condition) string {
	for _, condition := range conditions {
		switch {
		case condition.Severity == "error":
			return "late"
		case condition.Severity == "warning" && heard == "calm":
			heard = "soon"
		}
	}
	return heard
}

func clockError(off time.Duration) string {
	way := "快"
	if off < 0 {
		way, off = "慢", -off
	}
	if off < time.Hour {
		return fmt.Sprintf("%s %d 分 %d 秒", way, int(off.Minutes()), int(off.Seconds())%60)
	}
	return fmt.Sprintf("%s %d 小时", way, int(off.Hours()))
}
