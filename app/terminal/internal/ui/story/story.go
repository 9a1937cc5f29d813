// Package story prepares the state of every screen with made-up data: what the
// storybook draws and what the tests of the screens measure. It draws nothing.
package story

import (
	"encoding/json"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/screen"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// Day is when all stories play.
var Day = time.Date(2026, 11, 23, 10, 30, 0, 0, time.FixedZone("CST", 8*3600))

// Story is one screen with its data.
type Story struct {
	Name  string
	State session.State
	Edit  string // the field that is typed into
}

// Place is where the terminal of the stories stands.
var Place = screen.Place{
	Centre: catalogue.Text{ZH: "曹杨新村街道社区事务受理服务中心", EN: "Caoyang Xincun Community Service Centre"},
	Phone:  catalogue.Text{ZH: "12333", EN: "12333"},
	Desk:   catalogue.Text{ZH: "综合窗口", EN: "the general counter"},
}

// Kept is what the terminal of the stories keeps.
var Kept = privacy.Table{KeepDays: privacy.DefaultDays}

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

// Tell makes all stories from the declared services and policies, in the order of
// a visit.
func Tell(cat *catalogue.Catalogue, policies *policy.Library) ([]Story, error) {
	f, err := form.Compile(cat, "flexible-employment-registration", Day)
	if err != nil {
		return nil, err
	}
	lookup, err := form.Compile(cat, session.PolicyService, Day)
	if err != nil {
		return nil, err
	}
	ready := session.Checks{Known: true, Keep: true, Reader: true, Line: true, Printer: printer.Status{Online: true, Paper: printer.PaperOK}}
	noPaper := ready
	noPaper.Printer.Paper = printer.PaperOut
	short := ready
	short.Short = true
	event := cat.Events()[2]
	at := func(stage session.Stage, change ...func(*session.State)) session.State {
		st := session.State{Stage: stage, Event: event.ID, Found: event.Services, Service: f.Service().ID, Checks: ready}
		for _, c := range change {
			c(&st)
		}
		return st
	}
	known := func(st *session.State) { st.Resident = &resident }
	told := func(st *session.State) { st.Notice = true }
	stories := []Story{
		{Name: "idle", State: at(session.Idle)},
		{Name: "idle-no-reader", State: at(session.Idle, func(st *session.State) { st.Reader = idcard.Offline })},
		{Name: "idle-card-left", State: at(session.Idle, func(st *session.State) { st.CardLeft, st.Reader = true, idcard.Reading })},
		{Name: "idle-shut", State: at(session.Idle, func(st *session.State) { st.Shut = true })},
		{Name: "home", State: at(session.Home)},
		{Name: "home-known", State: at(session.Home, known)},
		{Name: "event", State: at(session.Browse)},
		{Name: "search", State: at(session.Search, func(st *session.State) {
			st.Query, st.Found = "补贴", []string{"hardship-flexible-subsidy", "startup-rent-subsidy"}
		})},
		{Name: "service", State: at(session.Service)},
		{Name: "service-no-paper", State: at(session.Service, func(st *session.State) { st.Checks = noPaper })},
		{Name: "service-short-paper", State: at(session.Service, func(st *session.State) { st.Checks = short })},
		{Name: "identify", State: at(session.Identify)},
		{Name: "identify-reading", State: at(session.Identify, func(st *session.State) { st.Reader = idcard.Reading })},
		{Name: "identify-slow", State: at(session.Identify, func(st *session.State) { st.Slow, st.Trouble = true, "card.unreadable" })},
		{Name: "identify-known", State: at(session.Identify, known)},
		{Name: "privacy", State: at(session.Identify, known, told)},
		{Name: "privacy-no-paper", State: at(session.Home, told, func(st *session.State) { st.NoticePrint = session.PrintFailed })},
		{Name: "identify-suishenma", State: at(session.Identify, func(st *session.State) { st.Scanner, st.Scan = true, "scan.suishenma" })},
		{Name: "service-slip", State: at(session.Service, func(st *session.State) { st.Service, st.Scan = session.ProgressService, session.ScanSlip })},
	}
	stories = append(stories, questions(f, at)...)
	stories = append(stories, endings(f, lookup, at)...)
	progress, err := form.Compile(cat, session.ProgressService, Day)
	if err != nil {
		return nil, err
	}
	stories = append(stories, scanning(progress, at)...)
	stories = append(stories, lookingUp(progress, at)...)
	return append(stories, reading(policies, at)...), nil
}

// scanning is the progress look-up before and after a slip's code.
func scanning(f *form.Form, at stage) []Story {
	asked := func(st *session.State) {
		st.Scanner, st.Service, st.Form, st.Questions = true, f.Service().ID, f, f.Questions(form.Answers{})
	}
	filled := func(st *session.State) {
		st.Scan = session.ScanFilled
		st.Answers = form.Answers{"case_no": form.Text("005-180-261124-0001-5"), "code": form.Text("402913")}
	}
	return []Story{
		{Name: "progress-scan", State: at(session.Filling, asked)},
		{Name: "progress-filled", State: at(session.Filling, asked, filled)},
		{Name: "progress-no-code", State: at(session.Filling, asked, func(st *session.State) {
			st.Scan, st.Answers = "scan.slip_saved", form.Answers{"case_no": form.Text("PT01-1124-0007-R")}
		})},
	}
}

// lookingUp is the progress look-up from asking to each thing that it may tell.
func lookingUp(f *form.Form, at stage) []Story {
	asked := func(st *session.State) {
		st.Service, st.Form, st.Questions = f.Service().ID, f, f.Questions(form.Answers{})
		st.Answers = form.Answers{"case_no": form.Text(found.Number), "code": form.Text("402913")}
	}
	told := func(what session.Told) session.State {
		return at(session.CaseTold, asked, func(st *session.State) {
			st.Told = what
			switch what {
			case session.ToldClosed:
				st.ClosedFor = 9*time.Minute + 10*time.Second
			case session.ToldNothing:
				st.Fault = kiosk.CodeLineDown
			}
		})
	}
	shown := func(p session.PrintState, change func(*session.Case)) session.State {
		return at(session.CaseTold, asked, func(st *session.State) {
			c := found
			change(&c)
			st.Told, st.Case, st.Print = session.ToldCase, &c, p
		})
	}
	papers := func(c *session.Case) {
		c.Stands, c.Papers, c.Unsure = catalogue.Text{ZH: "已告知补正", EN: "Papers asked for"}, true, true
		c.Steps = append(c.Steps[:len(c.Steps):len(c.Steps)], session.Step{At: Day.AddDate(0, 0, -1), What: c.Stands})
	}
	ended := func(c *session.Case) {
		c.Stands, c.Ended, c.Due = catalogue.Text{ZH: "已登记", EN: "Registered"}, true, ""
	}
	strange := func(c *session.Case) {
		c.Matter, c.Stands, c.Unsure, c.Due, c.Applicant = catalogue.Text{}, catalogue.Text{}, true, "", ""
		c.Steps = []session.Step{{At: Day.AddDate(0, 0, -1)}}
	}
	same := func(*session.Case) {}
	return []Story{
		{Name: "progress-asking", State: at(session.AskingCase, asked)},
		{Name: "progress-found", State: shown(session.NotPrinting, same)},
		{Name: "progress-papers", State: shown(session.NotPrinting, papers)},
		{Name: "progress-ended", State: shown(session.PrintDone, ended)},
		{Name: "progress-strange", State: shown(session.NotPrinting, strange)},
		{Name: "progress-printing", State: shown(session.Printing, same)},
		{Name: "progress-no-paper", State: shown(session.PrintFailed, papers)},
		{Name: "progress-none", State: told(session.ToldNone)},
		{Name: "progress-closed", State: told(session.ToldClosed)},
		{Name: "progress-no-line", State: told(session.ToldNothing)},
		{Name: "progress-waiting", State: told(session.ToldWaiting)},
		{Name: "progress-sent", State: told(session.ToldSent)},
		{Name: "progress-refused", State: told(session.ToldRefused)},
		{Name: "progress-elsewhere", State: told(session.ToldElsewhere)},
	}
}

// found is a made-up case.
var found = session.Case{
	Number: "000-417-261116-0001-5", Applicant: "李*样", Matter: catalogue.Text{ZH: "灵活就业登记", EN: "Flexible employment registration"},
	Stands: catalogue.Text{ZH: "已受理", EN: "Accepted"}, Due: "2026-12-08", Desk: "就业服务窗口", At: Day,
	Steps: []session.Step{
		{At: Day.AddDate(0, 0, -7), What: catalogue.Text{ZH: "已提交", EN: "Submitted"}},
		{At: Day.AddDate(0, 0, -3), What: catalogue.Text{ZH: "已受理", EN: "Accepted"}},
	},
}

type stage func(session.Stage, ...func(*session.State)) session.State

// questions has one story for each question of the form, and the check.
func questions(f *form.Form, at stage) []Story {
	answers := f.Prefill(facts)
	for k, v := range told {
		answers[k] = v
	}
	answers = f.Clean(answers)
	asked := f.Questions(answers)
	filled := func(st *session.State) {
		st.Resident, st.Form, st.Answers, st.Questions = &resident, f, answers, asked
	}
	var stories []Story
	for n, q := range asked {
		s := Story{Name: "question-" + q.ID, State: at(session.Filling, filled, func(st *session.State) { st.Question = n })}
		if q.ID == "mobile" {
			s.Edit = "mobile"
		}
		if q.ID == "content" || q.ID == "place" {
			s.Edit = q.ID
		}
		stories = append(stories, s)
	}
	problem := Story{Name: "question-problem", State: at(session.Filling, filled, func(st *session.State) {
		st.Question = 1
		st.Problems = map[string]form.Problem{}
		for _, fl := range asked[1].Fields {
			if p := f.Check(fl, form.Value{}, form.Answers{}); p != nil {
				st.Problems[fl.Key] = *p
			}
		}
	})}
	return append(stories, problem,
		Story{Name: "repeat", State: at(session.Row, filled, func(st *session.State) {
			st.RowField, st.RowDraft = "skills", form.Answers{"occ": form.Text("电工")}
		})},
		Story{Name: "check", State: at(session.Reviewing, filled)},
		Story{Name: "check-failed", State: at(session.Reviewing, filled, func(st *session.State) { st.Fault = kiosk.CodeStoreFull })},
		Story{Name: "filing", State: at(session.Submitting, filled)})
}

// endings are the three outcomes, the end and what lies over a screen.
func endings(f, lookup *form.Form, at stage) []Story {
	filing := func(o session.Outcome) *session.Filing {
		return &session.Filing{
			Outcome: o, Form: f, Resident: &resident, At: Day,
			App: kiosk.Application{Reference: "PT01-1123-0007-3", Answers: json.RawMessage("{}")},
			Ack: kiosk.Acknowledgement{Number: "005-FLEX-20261123-0042-7", QueryCode: "482913"},
		}
	}
	filed := func(o session.Outcome, p session.PrintState, code kiosk.Code) session.State {
		return at(session.Filed, func(st *session.State) { st.Filing, st.Print, st.Fault, st.Resident = filing(o), p, code, &resident })
	}
	over := func(o session.Overlay) session.State {
		return at(session.Browse, func(st *session.State) { st.Overlay, st.WipeAt = o, Day.Add(23*time.Second) })
	}
	printed := filing(session.Accepted)
	printed.Form, printed.Policy = lookup, "unemployment-registration"
	return []Story{
		{Name: "filed-accepted", State: filed(session.Accepted, session.PrintDone, "")},
		{Name: "filed-saved", State: filed(session.Saved, session.Printing, "")},
		{Name: "filed-parked", State: filed(session.Parked, session.PrintDone, kiosk.CodeEntryParked)},
		{Name: "filed-no-slip", State: filed(session.Accepted, session.PrintFailed, kiosk.CodePrinterFault)},
		{Name: "filed-doubt", State: filed(session.Accepted, session.PrintDoubt, kiosk.CodeSlipInDoubt)},
		{Name: "filed-sent", State: filed(session.Accepted, session.PrintSent, "")},
		{Name: "privacy-printing", State: at(session.Filed, func(st *session.State) {
			st.Filing, st.Print, st.Notice, st.NoticePrint = filing(session.Accepted), session.PrintDone, true, session.Printing
		})},
		{Name: "filed-policy", State: at(session.Filed, func(st *session.State) { st.Filing, st.Print = printed, session.PrintDone })},
		{Name: "end", State: at(session.Ended, func(st *session.State) { st.Print = session.PrintDone })},
		{Name: "end-card", State: at(session.Ended, func(st *session.State) { st.Print, st.CardLeft, st.Reader = session.PrintDone, true, idcard.Reading })},
		{Name: "help", State: over(session.HelpCall)},
		{Name: "leave", State: over(session.LeaveAsk)},
		{Name: "still-there", State: over(session.StillThere)},
	}
}

// reading is the search of policies and a text.
func reading(policies *policy.Library, at stage) []Story {
	return []Story{
		{Name: "policy-search", State: at(session.PolicySearch, func(st *session.State) {
			st.Query, st.Hits = "补贴", policies.Search("补贴", "", "", Day)
		})},
		{Name: "policy", State: at(session.PolicyText, func(st *session.State) { st.Policy = "unemployment-registration" })},
	}
}
