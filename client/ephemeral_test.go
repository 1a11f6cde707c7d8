package client

import (
	"testing"
	"time"

	"verbatim/protocol"
)

func TestTypingIsToldAtMostOnceIn3sAndAfterAMessageAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		c.Typing("lobby") // not joined yet: nobody hears of it
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0")
		c.Typing("lobby")
		if o := k.hears("typing"); o["conversation"] != "lobby" {
			t.Errorf("heard %v", o)
		}
		c.Typing("lobby")
		c.Typing("kitchen")
		k.hearsNothing(2 * time.Second)
		c.Typing("lobby")
		k.hearsNothing(2 * time.Second)
		c.Typing("lobby")
		k.hears("typing")
		say(t, c, "a")
		k.hearsSends("a")
		c.Typing("lobby")
		k.hears("typing")
	})
}

func TestTypingIsNotToldLate(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0")
		k.close(1001, "")
		n.expect("disconnected")
		c.Typing("lobby")
		k = f.next()
		k.joins("log1", "1", "0")
		k.hearsNothing(time.Minute / 4)
	})
}

// refusesRead answers the next read mark with an error.
func (k *talk) refusesRead(seq, code, rest string) {
	k.t.Helper()
	o := k.hears("read")
	if o["seq"] != num(seq) {
		k.t.Errorf("heard %v, want a mark at %s", o, seq)
	}
	k.fails(o, code, "no", rest)
}

func TestAReadMarkThatIsRefusedIsTakenBack(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "5")
		n.expect("connected again=false", "joined log1 1-5 resumed=false missed=0")
		c.Read("lobby", 2)
		k.hears("read")
		c.Read("lobby", 99)
		k.refusesRead("99", "bad_request", "")
		n.expect("refused  bad_request")
		c.Read("lobby", 2) // holds already
		c.Read("lobby", 3)
		if o := k.hears("read"); o["seq"] != num("3") {
			t.Errorf("heard %v, want the mark that follows the refused one", o)
		}
		k.close(1001, "")
		k = f.next()
		k.joins("log1", "1", "5") // which says no mark
		if o := k.hears("read"); o["seq"] != num("3") {
			t.Errorf("heard %v, want what was not refused", o)
		}
	})
}

func TestAReadMarkThatTheServerCannotTakeJustNowIsToldAgain(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "5")
		n.expect("connected again=false", "joined log1 1-5 resumed=false missed=0")
		c.Read("lobby", 2)
		k.refusesRead("2", "unavailable", `,"retry_after":3`)
		k.hearsNothing(2900 * time.Millisecond)
		if o := k.hears("read"); o["seq"] != num("2") {
			t.Errorf("heard %v", o)
		}
		n.expect()
	})
}

func TestWhatWasReadOfARecordThatIsGoneIsToldOfNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "5")
		n.expect("connected again=false", "joined log1 1-5 resumed=false missed=0")
		c.Read("lobby", 5)
		k.hears("read")
		k.close(1001, "")
		k = f.next()
		k.fails(k.hears("join"), "reset", "another one", "")
		k.joins("log2", "1", "9")
		k.hearsNothing(time.Minute / 4)
	})
}

func TestTheMarksThatMayStillBeRefusedAreBounded(t *testing.T) {
	var m readMarks
	for seq := range protocol.Seq(1000) {
		m.move(seq + 1)
		m.wrote(uint64(seq + 1))
	}
	if len(m.unconfirmed) != maxUnconfirmed || !m.refused(1000) || m.newest != 999 || m.refused(1) {
		t.Errorf("%d marks are in doubt, the newest is %d", len(m.unconfirmed), m.newest)
	}
	for ref := uint64(999); m.refused(ref); ref-- {
	}
	if m.newest != 1000-maxUnconfirmed {
		t.Errorf("what is left is %d, want the newest that was not in doubt", m.newest)
	}
}
