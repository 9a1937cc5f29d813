package acceptance

import (
	"fmt"
	"strings"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/devices/printer"
)

const second = "2006-01-02 15:04:05"

func when(t time.Time) string { return t.In(kiosk.China).Format(second) }

// verdict is the whole in words.
func (s Sheet) verdict() Words {
	if s.Accepted {
		return Words{"验收合格", "accepted"}
	}
	return Words{"验收不合格", "not accepted"}
}

// QR is what the code on the paper holds: enough to find the file and to hold it
// against the paper.
func (f File) QR() string { return fmt.Sprintf("%s %s %s", Form, f.Terminal, f.Digest()) }

// Document is the paper. Its code is that of the file; without the file it proves
// nothing, and says so.
func (f File) Document() printer.Document {
	body := []printer.Block{
		printer.Line{Text: "终端验收单", Align: printer.Center, Bold: true, Double: true},
		printer.Line{Text: f.Centre, Align: printer.Center},
		printer.Rule{},
		printer.Pair{Label: "终端", Value: f.Terminal},
		printer.Pair{Label: "工号", Value: f.Staff},
		printer.Pair{Label: "开始", Value: when(f.Began)},
		printer.Pair{Label: "结束", Value: when(f.Ended)},
		printer.Pair{Label: "程序", Value: f.Program},
		printer.Rule{},
	}
	for _, l := range f.Lines {
		body = append(body, l.blocks()...)
	}
	body = append(body,
		printer.Rule{},
		printer.Line{Text: f.verdict().ZH, Align: printer.Center, Bold: true, Double: true},
		printer.Feed{Lines: 1},
		printer.Line{Text: "安装人员签字：__________________"}, printer.Feed{Lines: 1},
		printer.Line{Text: "中心人员签字：__________________"}, printer.Feed{Lines: 1},
		printer.Line{Text: "日期：__________________________"},
		printer.Rule{})
	return printer.Document{Body: body, Tail: f.tail()}
}

func (l Line) blocks() []printer.Block {
	all := []printer.Block{printer.Line{Text: l.Check.Name().ZH + "：" + l.Result.Words().ZH, Bold: true}}
	if l.Reason.ZH != "" {
		all = append(all, printer.Line{Text: "原因：" + l.Reason.ZH})
	}
	if l.Detail != "" {
		all = append(all, printer.Line{Text: l.Detail})
	}
	for _, fact := range l.Facts {
		all = append(all, printer.Pair{Label: labels[fact.Name].ZH, Value: fact.Value})
	}
	return all
}

func (f File) tail() []printer.Block {
	signature := "文件由本终端签名"
	if !f.Signed() {
		signature = "文件未签名：终端尚未登记"
	}
	return []printer.Block{
		printer.Pair{Label: "核对码", Value: f.Code(), Bold: true},
		printer.QR{Data: f.QR(), Module: 5},
		printer.Line{Text: signature, Align: printer.Center},
		printer.Line{Text: "核对码与文件一致方为有效", Align: printer.Center},
		printer.Cut{},
	}
}

// Page is the sheet as text, in both languages.
func (f File) Page() string {
	var b strings.Builder
	v := f.verdict()
	fmt.Fprintf(&b, "终端验收单 acceptance sheet\n\n%s  %s\n终端 terminal: %s\n工号 staff: %s\n开始 began: %s\n结束 ended: %s\n程序 program: %s\n",
		v.ZH, v.EN, f.Terminal, f.Staff, when(f.Began), when(f.Ended), f.Program)
	for _, l := range f.Lines {
		n, r := l.Check.Name(), l.Result.Words()
		fmt.Fprintf(&b, "\n%s %s: %s %s\n", n.ZH, n.EN, r.ZH, r.EN)
		for _, more := range l.Says() {
			fmt.Fprintf(&b, "  %s\n", more)
		}
	}
	fmt.Fprintf(&b, "\n核对码 code: %s\n", f.Code())
	return b.String()
}
