package hub

import (
	"testing"
	"time"
)

func TestFollowersAreToldOfTheNewestEntryOnceASecond(t *testing.T) {
	now := time.Now()
	var l lastNotice
	if l.take(now) || !l.due().IsZero() {
		t.Error("there is no entry, and it is to be told")
	}

	if at := l.note(now); !at.Equal(now) || !l.take(now) {
		t.Errorf("the first entry is to be told in %v, want at once", at.Sub(now))
	}
	if l.take(now.Add(time.Hour)) {
		t.Error("an entry is told twice")
	}

	soon, second := now.Add(time.Millisecond), now.Add(minGap)
	if at := l.note(soon); !at.Equal(second) || !l.due().Equal(second) {
		t.Errorf("the second one is to be told in %v, want a second", at.Sub(now))
	}
	if l.take(second.Add(-1)) || !l.take(second) {
		t.Error("it must be told after a second, and not before")
	}
}
