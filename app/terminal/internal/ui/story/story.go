package main

import (
	"encoding/json"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// day is the day on which all stories play.
var day = time.Date(2026, 11, 23, 10, 30, 0, 0, time.FixedZone("CST", 8*3600))

// story is one screen with its data.
type story struct {
	name  string
	state session.State
	edit  string // the field that is typed into
}

// resident is made up.
var resident = kiosk.Resident{
	Name: "李试样", Number: "310101199203159026", DocKind: "id-card", Sex: "2", Birth: "1992-03-15", Ethnic: "01",
	Address: "上海市黄浦区样例路100弄5号602室",
}

var facts = form.Facts{
	Name: resident.Name, Number: resident.Number, DocKind: resident.DocKind, Sex: resident.Sex,
	Birth: resident.Birth, Ethnic: resident.Ethnic, Address: resident.Address,
}

// told is what the resident of the stories answers.
var told = form.Answers{
	"hukou": form.Text("sh-putuo"), "mobile": form.Text("13800001234"), "live_addr": form.Text("上海市普陀区样例路200弄8号301室"),
	"notice_by": form.List("sms", "phone"), "by_agent": form.Bool(false), "consent_notice": form.Bool(true), "truth": form.Bool(true),
	"sign": form.Text("signed-on-screen"), "deliver": form.Text("counter"), "education": form.Text("60"), "disabled": form.Bool(false),
	"flex_type": form.Text("new-form"), "platform": form.Text("样例外卖平台"), "sector": form.Text("delivery"), "start": form.Text("2026-11-20"),
	"place": form.Text("上海市普陀区曹杨新村街道"), "content": form.Text("送外卖"), "join_ins": form.Bool(false),
}

func tell(cat *catalogue.Catalogue, policies *policy.Library) ([]story, error) {
	f, err := form.Compile(cat, "flexible-employment-registration", day)
	if err != nil {
		return nil, err
	}
	lookup, err := form.Compile(cat, session.PolicyService, day)
	if err != nil {
		return nil, err
	}
	ready := session.Checks{Known: true, Keep: true, Reader: true, Line: true, Printer: printer.Status{Online: true, Paper: printer.PaperOK}}
	noPaper := ready
	noPaper.Printer.Paper = printer.PaperOut
	event := cat.Events()[2]
	at := func(stage session.Stage, change ...func(*session.State)) session.State {
		st := session.State{Stage: stage, Event: event.ID, Found: event.Services, Service: f.Service().ID, Checks: ready}
		for _, c := range change {
			c(&st)
		}
		return st
	}
	known := func(st *session.State) { st.Resident = &resident }
	stories := []story{
		{name: "idle", state: at(session.Idle)},
		{name: "idle-no-reader", state: at(session.Idle, func(st *session.State) { st.Reader = idcard.Offline })},
		{name: "home", state: at(session.Home)},
		{name: "home-known", state: at(session.Home, known)},
		{name: "event", state: at(session.Browse)},
		{name: "search", state: at(session.Search, func(st *session.State) {
			st.Query, st.Found = "补贴", []string{"hardship-flexible-subsidy", "startup-rent-subsidy"}
		})},
		{name: "service", state: at(session.Service)},
		{name: "service-no-paper", state: at(session.Service, func(st *session.State) { st.Checks = noPaper })},
		{name: "identify", state: at(session.Identify)},
		{name: "identify-reading", state: at(session.Identify, func(st *session.State) { st.Reader = idcard.Reading })},
		{name: "identify-slow", state: at(session.Identify, func(st *session.State) { st.Slow, st.Trouble = true, "card.unreadable" })},
		{name: "identify-known", state: at(session.Identify, known)},
	}
	stories = append(stories, questions(f, at)...)
	stories = append(stories, endings(f, lookup, at)...)
	return append(stories, reading(policies, at)...), nil
}

type stage func(session.Stage, ...func(*session.State)) session.State

// questions has one story for each question of the form, and the check.
func questions(f *form.Form, at stage) []story {
	answers := f.Prefill(facts)
	for k, v := range told {
		answers[k] = v
	}
	answers = f.Clean(answers)
	asked := f.Questions(answers)
	filled := func(st *session.State) {
		st.Resident, st.Form, st.Answers, st.Questions = &resident, f, answers, asked
	}
	var stories []story
	for n, q := range asked {
		s := story{name: "question-" + q.ID, state: at(session.Filling, filled, func(st *session.State) { st.Question = n })}
		if q.ID == "mobile" {
			s.edit = "mobile"
		}
		if q.ID == "content" || q.ID == "place" {
			s.edit = q.ID
		}
		stories = append(stories, s)
	}
	problem := story{name: "question-problem", state: at(session.Filling, filled, func(st *session.State) {
		st.Question = 1
		st.Problems = map[string]form.Problem{}
		for _, fl := range asked[1].Fields {
			if p := f.Check(fl, form.Value{}, form.Answers{}); p != nil {
				st.Problems[fl.Key] = *p
			}
		}
	})}
	return append(stories, problem,
		story{name: "repeat", state: at(session.Row, filled, func(st *session.State) {
			st.RowField, st.RowDraft = "skills", form.Answers{"occ": form.Text("电工")}
		})},
		story{name: "check", state: at(session.Reviewing, filled)},
		story{name: "check-failed", state: at(session.Reviewing, filled, func(st *session.State) { st.Fault = kiosk.CodeStoreFull })},
		story{name: "filing", state: at(session.Submitting, filled)})
}

// endings are the three outcomes, the end and what lies over a screen.
func endings(f, lookup *form.Form, at stage) []story {
	filing := func(o session.Outcome) *session.Filing {
		return &session.Filing{
			Outcome: o, Form: f, Resident: &resident, At: day,
			App: kiosk.Application{Reference: "PT01-1123-0007-3", Answers: json.RawMessage("{}")},
			Ack: kiosk.Acknowledgement{Number: "005-FLEX-20261123-0042-7", QueryCode: "482913"},
		}
	}
	filed := func(o session.Outcome, p session.PrintState, code kiosk.Code) session.State {
		return at(session.Filed, func(st *session.State) { st.Filing, st.Print, st.Fault, st.Resident = filing(o), p, code, &resident })
	}
	over := func(o session.Overlay) session.State {
		return at(session.Browse, func(st *session.State) { st.Overlay, st.WipeAt = o, day.Add(23*time.Second) })
	}
	printed := filing(session.Accepted)
	printed.Form, printed.Policy = lookup, "unemployment-registration"
	return []story{
		{name: "filed-accepted", state: filed(session.Accepted, session.PrintDone, "")},
		{name: "filed-saved", state: filed(session.Saved, session.Printing, "")},
		{name: "filed-parked", state: filed(session.Parked, session.PrintDone, kiosk.CodeEntryParked)},
		{name: "filed-no-slip", state: filed(session.Accepted, session.PrintFailed, kiosk.CodePrinterFault)},
		{name: "filed-policy", state: at(session.Filed, func(st *session.State) { st.Filing, st.Print = printed, session.PrintDone })},
		{name: "end", state: at(session.Ended, func(st *session.State) { st.Print = session.PrintDone })},
		{name: "help", state: over(session.HelpCall)},
		{name: "leave", state: over(session.LeaveAsk)},
		{name: "still-there", state: over(session.StillThere)},
	}
}

// reading is the search of policies and a text.
func reading(policies *policy.Library, at stage) []story {
	return []story{
		{name: "policy-search", state: at(session.PolicySearch, func(st *session.State) {
			st.Query, st.Hits = "补贴", policies.Search("补贴", "", "", day)
		})},
		{name: "policy", state: at(session.PolicyText, func(st *session.State) { st.Policy = "unemployment-registration" })},
	}
}
