package cloudflare

import (
	"testing"
	"time"
)

func TestParseRateLimit(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		remaining int
		reset     time.Duration
		ok        bool
	}{
		`"default";r=50;t=30`:    {50, 30 * time.Second, true},
		`"default"; t=300; r=0`:  {0, 300 * time.Second, true},
		`"default";r=50`:         {50, 0, false},
		`"default";r=-1;t=30`:    {0, 30 * time.Second, false},
		`limit=100, remaining=5`: {},
		``:                       {},
	} {
		remaining, reset, ok := parseRateLimit(header)
		if ok != want.ok || ok && (remaining != want.remaining || reset != want.reset) {
			t.Errorf("%s: got %d, %v, %v", header, remaining, reset, ok)
		}
	}
}
