package main

import (
	"context"
	"fmt"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/proof"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// checkSeal says what keeps the terminal's key and which central's key is
// trusted, and by whose word.
func (d *diagnosis) checkSeal(ctx context.Context, cfg config.Config, db *store.Store) {
	d.checkKey(cfg.Store, seal.TPMThere())
	trusted, err := outbox.NewReader(db, nil).Central(ctx)
	if err != nil {
		d.condition("seal", storeCode(err), err.Error())
		return
	}
	followed, err := outbox.NewReader(db, nil).Followed(ctx)
	if err != nil {
		d.condition("seal", storeCode(err), err.Error())
		return
	}
	d.trusted, d.followed = trusted, followed
	d.compareNamed(cfg.Central.SealKey)
}

// keyDays is more than a terminal's key gets when the kiosk runs and sends: it is
// renewed each day on which nothing waits.
const keyDays = 7

func (d *diagnosis) checkKey(c config.Store, tpm bool) {
	const weaker = "the terminal's key lies in a file, which is weaker than a TPM: who takes the disk takes it too"
	held, err := seal.Look(c.Dir)
	age := int(d.At.Sub(held.Made).Hours() / 24)
	days := fmt.Sprintf("; %d days old", age)
	switch {
	case err != nil:
		d.add(finding{
			Check: "key", Status: fail, What: err.Error(), WhatZH: "终端密钥文件读不出",
			Next: "chmod 600 " + seal.FileName + " as the kiosk's user", NextZH: "由终端用户把该文件权限改为 0600",
		})
	case held.Kind == seal.None:
		d.add(finding{Check: "key", Status: warn, What: "there is no terminal's key yet", Next: "start the kiosk once"})
	case age > keyDays:
		d.add(finding{
			Check: "key", Status: warn, What: "the terminal's key has not been renewed for long" + days, WhatZH: "终端密钥很久没有更换",
			Next: "see kioskctl outbox list: it is renewed each day on which nothing waits and nobody is served", NextZH: "查看 kioskctl outbox list：队列清空后自动更换",
		})
	case held.Kind == seal.TPM:
		d.good("key", "the terminal's key opens by this machine's TPM alone, started as it was%s", days)
	case tpm && c.Key == "auto":
		d.add(finding{
			Check: "key", Status: warn, What: weaker + "; there is a TPM" + days,
			Next: "leave the kiosk running: once nothing waits, the next key is made in the TPM",
		})
	default:
		d.good("key", "%s%s", weaker, days)
	}
}

func (d *diagnosis) compareNamed(named string) {
	key, _ := envelope.ParsePublicKey(named) // a named one was checked with the configuration
	short := d.trusted.Fingerprint().Short()
	switch {
	case d.trusted.Zero():
		d.add(finding{
			Check: "seal", Status: warn, What: "no central's key is known yet: what waits, this terminal alone can read",
			Next: "connect the central, or put what its command keys prints into [central] seal_key",
		})
	case named == "":
		d.add(finding{
			Check: "seal", Status: warn, What: "sealed to key " + short + ", which the central told at first contact; the configuration names none",
			Next: fmt.Sprintf("compare with the fingerprint that central keys prints, then put seal_key = %q under [central]", d.trusted),
		})
	case key != d.trusted && d.followed.Named == named && !d.followed.Since.IsZero():
		d.add(finding{
			Check: "seal", Status: ok, What: fmt.Sprintf("sealed to key %s, to which the central went on from the named one; since %s, %d days",
				short, d.followed.Since.In(kiosk.China).Format(minute), int(d.At.Sub(d.followed.Since).Hours()/24)),
			Next: fmt.Sprintf("put seal_key = %q under [central] when convenient", d.trusted),
		})
	case key != d.trusted:
		d.add(finding{
			Check: "seal", Status: warn, What: "still sealed to key " + short + ", the configuration names " + key.Fingerprint().Short(),
			Next: "start the kiosk again",
		})
	default:
		d.good("seal", "sealed to the central's key %s, as the configuration names it%s", short, d.age())
	}
}

// age is that of the central's key, where the central vouches for one.
func (d *diagnosis) age() string {
	if d.followed.Since.IsZero() {
		return ""
	}
	return fmt.Sprintf("; %d days old", int(d.At.Sub(d.followed.Since).Hours()/24))
}

// compareTold holds the key that the central publishes against the trusted one.
func (d *diagnosis) compareTold(told *api.SealKey, id *identity.Identity) {
	switch {
	case d.trusted.Zero():
	case told == nil:
		d.condition("seal", kiosk.CodeOtherSealKey, "it tells none")
	case told.Fingerprint == string(d.trusted.Fingerprint()):
	case d.followed.Since.IsZero() || !vouchedFor(told, id) || !told.Since.After(d.followed.Since):
		d.condition("seal", kiosk.CodeOtherSealKey,
			fmt.Sprintf("it tells %s, trusted is %s", envelope.Fingerprint(told.Fingerprint).Short(), d.trusted.Fingerprint().Short()))
	default:
		d.good("seal", "the central vouches for a new key %s, since %s; the kiosk follows with its next heartbeat",
			envelope.Fingerprint(told.Fingerprint).Short(), told.Since.In(kiosk.China).Format(minute))
	}
}

// vouchedFor reports whether the central that the terminal is enrolled with signed
// what is told of a key.
func vouchedFor(told *api.SealKey, id *identity.Identity) bool {
	if id == nil || told.Since == nil || told.Signature == nil {
		return false
	}
	return proof.SealKey{Suite: told.Suite, Key: told.Key, Since: *told.Since}.Check(id.Trust().Keys, *told.Signature) == nil
}
