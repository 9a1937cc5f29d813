package uplink_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine may outlive the tests: who starts one stops it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
