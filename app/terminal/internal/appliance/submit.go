package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"leye/app/api"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/store"
)

// submitter files applications into the outbox and tells what the relay got for
// them.
type submitter struct{ queue *outbox.Outbox }

// failure is an error with the code that staff read out.
type failure struct {
	code kiosk.Code
	err  error
}

func (e *failure) Error() string    { return e.err.Error() }
func (e *failure) Unwrap() error    { return e.err }
func (e *failure) Code() kiosk.Code { return e.code }

func storeCode(err error) kiosk.Code {
	switch {
	case errors.Is(err, store.ErrFull):
		return kiosk.CodeStoreFull
	case errors.Is(err, store.ErrDamaged):
		return kiosk.CodeStoreDamaged
	default:
		return kiosk.CodeStoreFailing
	}
}

// Put returns when the application and its journal line are on disk.
func (s *submitter) Put(ctx context.Context, app *kiosk.Application) error {
	if person := personOf(app.Answers); person != "" {
		app.OrderKey = s.queue.OrderKey(person, app.Service)
	}
	entry, err := s.queue.File(ctx, *app, render)
	if errors.Is(err, outbox.ErrRetired) {
		return &failure{kiosk.CodeEvacuated, err}
	}
	if err != nil {
		return &failure{storeCode(err), err}
	}
	app.Reference = entry.Reference
	return nil
}

// personOf is who an application is for; empty for an anonymous look-up.
func personOf(answers json.RawMessage) string {
	var who struct {
		Number string `json:"id_no"`
	}
	if json.Unmarshal(answers, &who) != nil {
		return ""
	}
	return who.Number
}

// render makes the bytes that are sent, once and for all attempts.
func render(app kiosk.Application) ([]byte, error) {
	body, err := json.Marshal(api.Application{
		Id: string(app.ID), Service: app.Service, CatalogueVersion: app.CatalogueVersion,
		Terminal: app.Terminal, Language: api.ApplicationLanguage(app.Language), FiledAt: app.FiledAt,
		Reference: string(app.Reference), Answers: app.Answers,
	})
	if err != nil {
		return nil, fmt.Errorf("write application: %w", err)
	}
	return body, nil
}

// Wait returns the central's word on an entry, or ctx's error.
func (s *submitter) Wait(ctx context.Context, id kiosk.ApplicationID) (kiosk.Acknowledgement, error) {
	changes, err := s.queue.Watch(ctx, id)
	if err != nil {
		return kiosk.Acknowledgement{}, err
	}
	for e := range changes {
		switch {
		case e.State == kiosk.Accepted && e.Ack != nil:
			return *e.Ack, nil
		case e.State == kiosk.Parked:
			return kiosk.Acknowledgement{}, &session.Refused{Reason: string(e.Reason)}
		}
	}
	return kiosk.Acknowledgement{}, context.Cause(ctx)
}

// Release ends the terminal's own reading of an application.
func (s *submitter) Release(ctx context.Context, id kiosk.ApplicationID) error {
	return s.queue.Release(ctx, id)
}

// Ready reports whether another application can be kept.
func (s *submitter) Ready(ctx context.Context) error {
	return s.queue.Ready(ctx)
}
