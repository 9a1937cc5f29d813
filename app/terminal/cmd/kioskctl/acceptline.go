package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/attest"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/uplink"
)

// adopt makes the findings of doctor part of a line: a fault fails it, the first
// warning is noted.
func adopt(l *acceptance.Line, d diagnosis, checks ...string) {
	for _, f := range d.Findings {
		if len(checks) > 0 && !slices.Contains(checks, f.Check) {
			continue
		}
		switch f.Status {
		case fail:
			l.Fail(cmp.Or(f.WhatZH, "检查不通过，见 doctor"), cmp.Or(f.Next, "see kioskctl doctor"), f.What)
		case warn:
			if l.Fact("note") == "" {
				l.Add("note", oneLine(f.What))
			}
		}
	}
}

// member is the terminal's identity; without one the line says why.
func (i *inspection) member(l *acceptance.Line) *identity.Identity {
	var d diagnosis
	id := d.checkIdentity(i.cfg)
	if id == nil && i.cfg.Central.Clear() {
		l.Fail("与区中心的连接没有加密", "the line to the central is in the clear", i.cfg.Central.URL)
	}
	adopt(l, d)
	if id == nil {
		l.Fail("终端尚未登记", "the terminal is not enrolled", "")
	}
	return id
}

// clock compares with the central's signed time, the hardware's clock and the
// zone.
func (i *inspection) clock(ctx context.Context, l *acceptance.Line) error {
	name, ahead := time.Now().Zone()
	l.Add("zone", fmt.Sprintf("%s %+03d:%02d", name, ahead/3600, ahead/60%60))
	i.hardwareClock(l)
	id := i.member(l)
	if id == nil {
		return nil
	}
	h, took, err := askHealth(ctx, i.cfg.Central, id)
	if err != nil {
		l.Fail("问不到区中心的时间", "the central's time is not known", err.Error())
		return ctx.Err()
	}
	// The central read its clock about half way through.
	off := time.Until(h.Time) * -1
	off -= took / 2
	l.Add("offset", off.Round(time.Millisecond).String())
	var d diagnosis
	d.checkClock(skew{true, off})
	adopt(l, d)
	if ahead != 8*60*60 {
		l.Fail("时区不是北京时间", "the time zone is not that of China: timedatectl set-timezone Asia/Shanghai", "")
	}
	return nil
}

// mostDrift is how far the hardware's clock may be off: the system takes it at the
// next start.
const mostDrift = 2 * time.Minute

func (i *inspection) hardwareClock(l *acceptance.Line) {
	text, err := os.ReadFile(filepath.Join(i.root, "sys/class/rtc/rtc0/since_epoch"))
	if err != nil {
		l.Add("rtc", "none 无")
		return
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		l.Fail("硬件时钟读不出", "the hardware clock cannot be read", err.Error())
		return
	}
	off := time.Since(time.Unix(seconds, 0)) * -1
	l.Add("rtc", off.Round(time.Second).String())
	if off.Abs() > mostDrift {
		l.Fail("硬件时钟不准，换电池或校准", "the hardware clock is wrong: hwclock --systohc, or a new battery", "")
	}
}

// rounds is how often the central is asked, each time over a new connection.
const rounds = 3

// network goes the way to the central step by step, so that the sheet names the
// one that fails.
func (i *inspection) network(ctx context.Context, l *acceptance.Line) error {
	l.Add("address", i.cfg.Central.URL)
	id := i.member(l)
	if id == nil {
		return nil
	}
	l.Add("enrolled", id.Certificate().NotAfter.In(kiosk.China).Format(time.DateOnly))
	if i.reach(ctx, id, l); l.Result == acceptance.Failed {
		return ctx.Err()
	}
	var fastest, slowest time.Duration
	for n := range rounds {
		_, took, err := askHealth(ctx, i.cfg.Central, id)
		if err != nil {
			l.Fail("区中心没有应答", "the central does not answer as it should", fmt.Sprintf("%d of %d: %v", n+1, rounds, err))
			return ctx.Err()
		}
		if fastest = min(fastest, took); n == 0 {
			fastest = took
		}
		slowest = max(slowest, took)
	}
	l.Add("round_trip", fmt.Sprintf("%d/%d, %v-%v", rounds, rounds, fastest.Round(100*time.Microsecond), slowest.Round(100*time.Microsecond)))
	if err := i.beat(ctx, id); err != nil {
		l.Fail("区中心不收心跳", "the central does not take a heartbeat", err.Error())
		return ctx.Err()
	}
	l.Add("heartbeat", "accepted 已接受")
	return nil
}

// reach resolves, connects and shakes hands as the kiosk would.
func (i *inspection) reach(ctx context.Context, id *identity.Identity, l *acceptance.Line) {
	ctx, cancel := context.WithTimeout(ctx, i.cfg.Central.Timeout)
	defer cancel()
	u, err := url.Parse(i.cfg.Central.URL)
	if err != nil {
		l.Fail("区中心地址不对", "the central's address is wrong", err.Error())
		return
	}
	host, port := u.Hostname(), cmp.Or(u.Port(), "443")
	if net.ParseIP(host) == nil {
		begun := time.Now()
		found, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			l.Fail("域名解析失败", "the central's name cannot be resolved", err.Error())
			return
		}
		l.Add("dns", fmt.Sprintf("%s, %v", found[0], time.Since(begun).Round(100*time.Microsecond)))
	}
	begun := time.Now()
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		l.Fail("连不上区中心", "the central cannot be connected to", err.Error())
		return
	}
	defer plain.Close()
	l.Add("tcp", time.Since(begun).Round(100*time.Microsecond).String())
	settings := id.TLS(clock.New(kiosk.BuiltAt()).Now)
	settings.ServerName = host
	secure := tls.Client(plain, settings)
	begun = time.Now()
	if err := secure.HandshakeContext(ctx); err != nil {
		l.Fail("与区中心互相认证失败", "terminal and central do not accept each other", err.Error())
		return
	}
	l.Add("tls", fmt.Sprintf("%s, %v", strings.TrimPrefix(tls.VersionName(secure.ConnectionState().Version), "TLS "), time.Since(begun).Round(100*time.Microsecond)))
}

// beat sends a heartbeat that is true: the central keeps it as the terminal's
// last.
func (i *inspection) beat(ctx context.Context, id *identity.Identity) (err error) {
	db, err := openStore(ctx, i.cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	beat, err := i.gather(ctx, db)
	if err != nil {
		return err
	}
	line, err := uplink.New(uplink.Config{Base: i.cfg.Central.URL, Timeout: i.cfg.Central.Timeout, Clock: clock.New(kiosk.BuiltAt()), Identity: id})
	if err != nil {
		return err
	}
	return errors.Join(say(ctx, line, id, beat, attest.New(journal.New(db, journal.Options{}))), line.Close())
}

// say sends the heartbeat a second time to a central that wants to be shown how the
// journal grew: from where on, the first answer tells.
func say(ctx context.Context, line *uplink.Uplink, id *identity.Identity, beat api.Heartbeat, w *attest.Witness) error {
	if err := w.Tell(ctx, id, &beat); err != nil {
		return err
	}
	answer, err := line.Beat(ctx, id.Name(), beat)
	if err != nil {
		return err
	}
	w.Heard(answer)
	if err := w.Tell(ctx, id, &beat); err != nil || beat.JournalLines == nil {
		return err
	}
	_, err = line.Beat(ctx, id.Name(), beat)
	return err
}

func (i *inspection) gather(ctx context.Context, db *store.Store) (beat api.Heartbeat, err error) {
	count, err := outbox.NewReader(db, nil).Count(ctx)
	if err != nil {
		return beat, err
	}
	waiting := count.Waiting()
	beat = api.Heartbeat{SentAt: time.Now(), Version: kiosk.Version(), Queued: &waiting, Parked: &count.Parked}
	if !count.Oldest.IsZero() {
		beat.OldestQueuedAt = &count.Oldest
	}
	var d diagnosis
	d.checkHere(ctx, i.cfg)
	conditions := []api.Condition{}
	for _, f := range d.Findings {
		if f.Code != "" {
			conditions = append(conditions, api.Condition{Code: string(f.Code), Severity: severityOf(f.Status), Text: &f.WhatZH})
		}
	}
	beat.Conditions = &conditions
	return beat, nil
}

func severityOf(s status) api.ConditionSeverity {
	if s == fail {
		return api.ConditionSeverityError
	}
	return api.ConditionSeverityWarning
}

// key says what keeps the terminal's key and whose key it seals to.
func (i *inspection) key(ctx context.Context, l *acceptance.Line) error {
	d := diagnosis{At: time.Now()}
	d.checkStore(ctx, i.cfg)
	adopt(l, d, "key", "seal")
	kind, err := keyKind(i.cfg.Store)
	switch {
	case err != nil:
		l.Fail("终端密钥读不出", "the terminal's key cannot be read", err.Error())
	case kind == "":
		l.Fail("终端还没有密钥，先启动一次终端程序", "there is no key yet: start the kiosk once", "")
	case d.trusted.Zero():
		l.Fail("还不知道区中心的公钥", "no central's key is known: start the kiosk once with a line, or set seal_key", "")
	default:
		l.Add("central_key", d.trusted.Fingerprint().Short())
	}
	l.Add("kept", kind)
	return nil
}

// slowSync is how long the disk may take, in the middle of many, to have a line on
// it: a resident waits for two.
const slowSync = 100 * time.Millisecond

// store looks at the state file and at the disk below it.
func (i *inspection) store(ctx context.Context, l *acceptance.Line) error {
	d := diagnosis{At: time.Now()}
	d.checkStore(ctx, i.cfg)
	adopt(l, d, "store", "queue", "journal", "paper", "disk")
	pace, lines, err := i.pace(ctx)
	if err != nil {
		l.Fail("没有终端数据文件，先启动一次终端程序", "there is no state file: start the kiosk once", err.Error())
		return ctx.Err()
	}
	middle, worst, err := syncTime(i.cfg.Store.Dir)
	if err != nil {
		l.Fail("磁盘写不进", "the disk cannot be written to", err.Error())
		return nil
	}
	free, err := store.Free(i.cfg.Store.Dir)
	if err != nil {
		l.Fail("磁盘问不到", "the disk does not say how much is free", err.Error())
		return nil
	}
	l.Add("sync", fmt.Sprintf("%v, worst %v", middle.Round(10*time.Microsecond), worst.Round(10*time.Microsecond)))
	l.Add("free", fmt.Sprintf("%d MiB", free>>20))
	l.Add("days", fmt.Sprint(pace.Days(free-leastRoom)))
	l.Add("lines", fmt.Sprint(lines))
	switch {
	case free < fairRoom:
		l.Fail("磁盘空间太少", "there is little room on the disk", "")
	case middle > slowSync:
		l.Fail("磁盘太慢", "the disk is slow", fmt.Sprintf("more than %v for each line", slowSync))
	}
	return nil
}

func (i *inspection) pace(ctx context.Context) (pace outbox.Pace, lines int64, err error) {
	db, err := openStore(ctx, i.cfg)
	if err != nil {
		return pace, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if pace, err = outbox.NewReader(db, nil).Pace(ctx); err != nil {
		return pace, 0, err
	}
	head, err := journal.New(db, journal.Options{}).Head(ctx)
	return pace, head.Seq, err
}
