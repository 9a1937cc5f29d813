package heartbeat_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/heartbeat"
)

func TestBeatsOnAndTellsTheClocksError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slow = 4 * time.Second // there and back
		const ahead = time.Hour
		sent := 0
		var heard []heartbeat.Answer
		h := heartbeat.New(heartbeat.Config{
			Rand:   func() float64 { return 0.5 },
			Gather: func(context.Context) api.Heartbeat { return api.Heartbeat{SentAt: time.Now()} },
			Send: func(context.Context, api.Heartbeat) (api.HeartbeatAnswer, error) {
				sent++
				if sent == 2 {
					return api.HeartbeatAnswer{}, errors.New("no line")
				}
				time.Sleep(slow / 2)
				at := time.Now().Add(-ahead)
				time.Sleep(slow / 2)
				return api.HeartbeatAnswer{ReceivedAt: at}, nil
			},
			Heard: func(a heartbeat.Answer) { heard = append(heard, a) },
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute+30*time.Second)
		defer cancel()
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
		if len(heard) != 3 || heard[0].Err != nil || heard[1].Err == nil || heard[2].Err != nil {
			t.Fatalf("heard %+v", heard)
		}
		if heard[0].Skew != ahead || heard[2].Skew != ahead {
			t.Errorf("the clock is %v and %v ahead, want %v", heard[0].Skew, heard[2].Skew, ahead)
		}
	})
}
