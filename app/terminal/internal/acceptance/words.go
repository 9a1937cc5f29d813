package acceptance

import (
	"slices"
	"strings"
)

// names are the checks in words.
var names = map[Check]Words{
	Reader: {"读卡器", "card reader"}, Reader2: {"第二读卡器", "second card reader"}, Printer: {"打印机", "printer"},
	Scanner: {"扫码器", "scanner"}, Touch: {"触摸屏", "touch screen"}, Display: {"显示屏", "display"}, Sound: {"声音", "sound"},
	Clock: {"时钟", "clock"}, Network: {"网络", "network"}, Key: {"密钥", "key"}, Store: {"存储", "store"},
}

// results are the results in words.
var results = map[Result]Words{
	Passed: {"通过", "passed"}, Failed: {"不通过", "failed"}, NotFitted: {"未安装", "not fitted"}, Skipped: {"未检查", "skipped"},
}

// labels are the names of facts in words.
var labels = map[string]Words{
	"port": {"端口", "port"}, "baud": {"速率", "baud"}, "adapter": {"转接器", "adapter"}, "module": {"安全模块号", "module"}, "card": {"读卡", "card"},
	"model": {"型号", "model"}, "level": {"证明级别", "proof level"}, "columns": {"每行列数", "columns"}, "font": {"字库", "font"}, "proof": {"试印", "test slip"},
	"profile": {"结束符", "profile"}, "loop": {"回读", "read back"},
	"dots": {"触点", "dots touched"}, "farthest": {"最大偏差", "farthest beside"}, "edges": {"边缘", "edges"}, "ghosts": {"误触", "ghost touches"}, "stray": {"偏离", "stray touches"},
	"size": {"分辨率", "size"}, "colours": {"色块", "colours"}, "voice": {"语音", "voice"},
	"offset": {"与区中心相差", "off the central"}, "rtc": {"硬件时钟", "hardware clock"}, "zone": {"时区", "zone"},
	"address": {"地址", "address"}, "dns": {"域名解析", "DNS"}, "tcp": {"连接", "TCP"}, "tls": {"加密", "TLS"}, "enrolled": {"登记有效至", "enrolled until"},
	"round_trip": {"往返", "round trip"}, "heartbeat": {"心跳", "heartbeat"},
	"kept": {"存放", "kept in"}, "central_key": {"区中心密钥", "central's key"},
	"sync": {"落盘", "sync"}, "free": {"空余", "free"}, "days": {"可离线天数", "days without a line"}, "lines": {"日志行数", "journal lines"},
	"confirmed": {"确认", "confirmed by"}, "note": {"备注", "note"},
}

// Name is the check in words.
func (c Check) Name() Words { return names[c] }

// Words are the result in words.
func (r Result) Words() Words { return results[r] }

// String is the fact for staff who read English.
func (f Fact) String() string { return labels[f.Name].EN + " " + f.Value }

// Measured lists the facts of a line in English.
func (l Line) Measured() string {
	parts := make([]string, len(l.Facts))
	for i, f := range l.Facts {
		parts[i] = f.String()
	}
	return strings.Join(parts, ", ")
}

// Says is all that the line says beside its result: why, in both languages unless
// staff gave one, the cause, and what was measured.
func (l Line) Says() []string {
	var all []string
	for _, text := range []string{l.Reason.ZH, l.Reason.EN, strings.ReplaceAll(l.Detail, "\n", "; "), l.Measured()} {
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
