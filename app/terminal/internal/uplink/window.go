package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"leye/app/api"
)

// outOfWindow is the certificate of a central that would be believed if it were
// another time; nil where something else is wrong.
func outOfWindow(err error) *x509.Certificate {
	var untrusted *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &untrusted) || !errors.As(untrusted.Err, &invalid) || invalid.Reason != x509.Expired {
		return nil
	}
	return untrusted.UnverifiedCertificates[0]
}

// askTime hears what time it is where the machine's clock is so wrong that the
// central's certificate seems to be over. For this one question, which tells nothing,
// the chain is held against the certificate's own time; the answer counts because a
// pinned key has signed it, in reply to this very request.
func (u *Uplink) askTime(ctx context.Context, of *x509.Certificate) error {
	req, err := api.NewGetHealthRequest(u.base, nil)
	if err != nil {
		return err
	}
	client := u.cfg.client(func() time.Time { return of.NotBefore })
	defer client.CloseIdleConnections()
	_, _, err = u.once(ctx, client, req, mostAnswer)
	return err
}
