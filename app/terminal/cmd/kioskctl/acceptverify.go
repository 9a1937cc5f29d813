package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"leye/app/proof"
	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
)

// verifying are the flags that look at a sheet.
type verifying struct{ file, root, code string }

func (v *verifying) bind(f *flag.FlagSet) {
	f.StringVar(&v.file, "verify", "", "signed `FILE` to look at; nothing is checked or printed then")
	f.StringVar(&v.root, "root", "", "`FILE` with the roots that vouch for terminals")
	f.StringVar(&v.code, "code", "", "`CODE` on the paper, to hold against the file")
}

func (v *verifying) run(configs files, out io.Writer) error {
	file, err := acceptance.Open(v.file)
	if err != nil {
		return fmt.Errorf("verify sheet: %w", err)
	}
	trust, err := v.trust(configs)
	if err != nil {
		return fmt.Errorf("verify sheet: %w", err)
	}
	if err := vouched(file, trust); err != nil {
		hint := ""
		if errors.Is(err, proof.ErrUnvouched) {
			hint = "name the root of its central with --root"
		}
		return &failure{exitFailed, fmt.Errorf("verify sheet: %w", err), hint}
	}
	if v.code != "" && !strings.EqualFold(strings.TrimSpace(v.code), file.Code()) {
		return &failure{exitFailed, fmt.Errorf("verify sheet: its code is %s, the paper's %s", file.Code(), v.code), "the paper belongs to another file"}
	}
	cert, err := file.Check()
	if err != nil {
		return fmt.Errorf("verify sheet: %w", err)
	}
	genuine := "genuine 签名有效: signed by terminal " + file.Terminal
	if file.Ended.Before(cert.NotBefore) || file.Ended.After(cert.NotAfter) {
		genuine += fmt.Sprintf("\nnote: the sheet's time is outside of the certificate's, %s to %s", cert.NotBefore.In(kiosk.China).Format(minute), cert.NotAfter.In(kiosk.China).Format(minute))
	}
	_, err = fmt.Fprintf(out, "%s\n%s\n", file.Page(), genuine)
	return err
}

// trust is whom to believe: the named roots, or this terminal's own.
func (v *verifying) trust(configs files) (proof.Trust, error) {
	if v.root != "" {
		text, err := os.ReadFile(v.root)
		if err != nil {
			return proof.Trust{}, err
		}
		return proof.ParseTrust(text)
	}
	cfg, err := configs.load()
	if err != nil {
		return proof.Trust{}, err
	}
	id, err := identity.Load(cfg.Store.Dir)
	if err != nil {
		return proof.Trust{}, &failure{exitFailed, err, "name the root of its central with --root"}
	}
	return id.Trust(), nil
}
