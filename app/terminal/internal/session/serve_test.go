package session_test

import (
	"testing"
	"testing/synctest"

	"leye/app/terminal/internal/session"
)

func TestOutOfServiceNoVisitBegins(t *testing.T) {
	visit(t, func(v *stage) {
		serve := func(on bool) session.State {
			v.s.Serve(on)
			synctest.Wait()
			return v.s.State()
		}
		// The visit under way ends as it would.
		v.want(v.do(session.Start{}), session.Home)
		if st := serve(false); st.Stage != session.Home || !st.Shut {
			t.Errorf("stage %s, shut %v", st.Stage, st.Shut)
		}
		v.want(v.do(session.Leave{}), session.Idle)
		v.want(v.do(session.Start{}), session.Idle)
		v.reader.cards <- sample
		synctest.Wait()
		if st := v.s.State(); st.Stage != session.Idle || st.Resident != nil || !st.Shut {
			t.Errorf("a card began a visit: %s", st.Stage)
		}
		if st := serve(true); st.Shut {
			t.Error("it is not back in service")
		}
		v.want(v.do(session.Start{}), session.Home)
	})
}
