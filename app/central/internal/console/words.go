package console

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/app/central/internal/ledger"
)

// label is a thing's name in both languages, or its id when it has none.
type label struct{ ZH, EN string }

func named(t catalogue.Text, id string) label {
	return label{cmp.Or(t.ZH, id), cmp.Or(t.EN, id)}
}

func (c *Console) serviceLabel(id string) label {
	s, _ := c.catalogue.Service(id)
	return named(s.Text, id)
}

func (c *Console) machine(service string) catalogue.Machine {
	s, _ := c.catalogue.Service(service)
	m, _ := c.catalogue.Machine(s.StateMach)
	return m
}

func stateLabel(m catalogue.Machine, id string) label {
	for _, s := range m.States {
		if s.ID == id {
			return named(s.Text, id)
		}
	}
	return label{id, id}
}

func eventLabel(m catalogue.Machine, id string) label {
	if id == AnswersShown {
		return label{"查看完整信息", "Answers shown in full"}
	}
	for _, e := range m.Events {
		if e.ID == id {
			return named(e.Text, id)
		}
	}
	return label{id, id}
}

// tone is the colour of a state: settled when a case may rest in it for good.
func tone(m catalogue.Machine, id string) string {
	for _, s := range m.States {
		if s.ID == id && s.End {
			return "settled"
		}
	}
	return "open"
}

func actorLabel(actor string) label {
	switch actor {
	case "terminal":
		return label{"自助终端", "terminal"}
	case "staff":
		return label{"工作人员", "staff"}
	}
	return label{actor, actor}
}

// noteLabel says what intake noted. Codes of the form are shown as they are,
// after words that say what kind of thing they are.
func noteLabel(n ledger.Note) label {
	switch n.Code {
	case "catalogue_version":
		return label{"终端使用的事项目录版本与中心不同", "The terminal used another catalogue version"}
	case "terminal_clock":
		return label{"终端时钟可能有误，按收到日期核对", "The terminal's clock may be wrong; judged by the day received"}
	case "unknown_field":
		return label{"本目录没有此项，请人工核对", "Not asked for by this catalogue; check by hand"}
	case "bound_uncertain":
		return label{"超出未确认的标准，以窗口为准", "Outside a bound that is not confirmed; the counter decides"}
	}
	return label{"请人工核对（" + n.Code + "）", "Check by hand (" + n.Code + ")"}
}

// due is how a due day is shown: the day, how many days are left, and a tone.
type due struct {
	Day, Left, Tone string
}

// dueOn counts calendar days: the day itself was counted out when it was set.
func dueOn(day string, settled bool, now time.Time) due {
	d, err := time.ParseInLocation(time.DateOnly, day, shanghai)
	if err != nil {
		return due{}
	}
	today := now.In(shanghai)
	left := int(d.Sub(time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, shanghai)).Hours() / 24)
	switch {
	case settled:
		return due{Day: day}
	case left < 0:
		return due{day, fmt.Sprintf("逾期 %d 天", -left), "late"}
	case left == 0:
		return due{day, "今天到期", "soon"}
	case left <= 3:
		return due{day, fmt.Sprintf("剩 %d 天", left), "soon"}
	}
	return due{day, fmt.Sprintf("剩 %d 天", left), "calm"}
}

// ago says how long ago something was, in the largest unit that fits.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "刚刚"
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟前", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时前", int(d.Hours()))
	}
	return fmt.Sprintf("%d 天前", int(d.Hours()/24))
}

// joined lists the words for codes.
func joined(codes []string, word func(string) string) string {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = word(code)
	}
	return strings.Join(words, "、")
}

// attachment says what became of a paper. The states are the catalogue's; their
// words stand in the terminal's texts, which this side does not read.
func attachment(state string) string {
	switch state {
	case "brought":
		return "已带来"
	case "seen":
		return "已核验"
	case "scanned":
		return "已扫描"
	case "sent":
		return "已提交"
	case "shared":
		return "数据共享"
	case "to-follow":
		return "待补"
	case "signed-on-screen":
		return "已在屏幕签名"
	case "signed-on-paper":
		return "已在纸面签名"
	}
	return state
}

// alarmWords say what is wrong with a terminal's journal.
func alarmWords(a ledger.HeadAlarm) string {
	switch a {
	case ledger.HeadLower:
		return "审计记录变短"
	case ledger.HeadDifferent:
		return "审计记录被改"
	case ledger.HeadUnsigned:
		return "审计记录签名不符"
	case ledger.HeadMissing:
		return "审计记录未报"
	case ledger.HeadRestarted:
		return "存储损坏后重新开始，旧审计记录另存"
	case ledger.HeadRewritten:
		return "审计记录被重写"
	case ledger.HeadUnproven:
		return "审计记录未能核对"
	}
	return "审计记录异常"
}
