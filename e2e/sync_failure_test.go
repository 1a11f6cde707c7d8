package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failSyncs makes every sync of the server give EIO until the returned function is called; the bytes may reach the disk
// all the same, as with a real disk that fails.
func (s *server) failSyncs(t testing.TB) (heal func()) {
	t.Helper()
	return s.spoilSyncs(t, "error=EIO")
}

// spoilSyncs lets strace do something to every sync, from outside.
func (s *server) spoilSyncs(t testing.TB, how string) (heal func()) {
	t.Helper()
	strace := start(t, false, "strace", "-f", "-p", fmt.Sprint(s.cmd.Process.Pid),
		"-e", "trace=fsync,fdatasync,syncfs", "-e", "inject=fsync,fdatasync,syncfs:"+how)
	eventually(t, "strace has attached: "+strace.output.String(), func() bool {
		if !strace.running() {
			t.Fatalf("strace could not attach: %s", strace.output)
		}
		return strings.Contains(strace.output.String(), "attached")
	})
	return func() {
		strace.signal(syscall.SIGINT)
		<-strace.ended
	}
}

func TestWhatCouldNotBeSyncedIsNeitherAckedNorSeenAndIsThereOnceWhenSentAgain(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
	bob.join("lobby")
	ann.sendMany("lobby", "before", 5)
	bob.messages("lobby", 1, 5)

	heal := s.failSyncs(t)
	const n = 20
	for i := range n {
		f := ann.trySend("lobby", fmt.Sprintf("f%d", i), "unlucky", `"meta":{"i":1}`)
		if f.Type != "error" || f.Code != "unavailable" || f.ID != fmt.Sprintf("f%d", i) || f.Conversation != "lobby" {
			t.Fatalf("got %s, want error unavailable with id and conversation", f)
		}
	}
	a := s.post(t, "lobby", `{"id":"http","from":"ann","text":"unlucky"}`).refuses(t, 503, "unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	if a := s.get(t, "/readyz"); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("readyz says %d while nothing can be recorded, Retry-After %q; want 503",
			a.status, a.header.Get("Retry-After"))
	}
	s.get(t, "/healthz").is(t, 200)
	if p := ann.history("lobby"); len(p.entries) != 5 {
		t.Errorf("history shows %d entries, want 5", len(p.entries))
	}
	heal()

	eventually(t, "it is ready again by itself", func() bool { return s.get(t, "/readyz").status == 200 })
	bob.never(0, "an entry of the failed batches", ofType("message"))
	for i := range n {
		f := ann.send("lobby", fmt.Sprintf("f%d", i), "unlucky", `"meta":{"i":1}`)
		if f.Seq != 6+i || f.Duplicate {
			t.Errorf("sent again: got %s, want seq %d for the first time", f, 6+i)
		}
	}
	live := bob.messages("lobby", 6, 5+n)

	// Right after it, before any checkpoint: the segment that failed may hold the same seqs with other bytes.
	s.crash()
	carol := s.dial(t, "carol")
	if j := carol.join("lobby", `"after":0`); j.Last != 5+n {
		t.Fatalf("after kill -9: got %s, want last %d", j, 5+n)
	}
	for i, m := range carol.messages("lobby", 1, 5+n)[5:] {
		if m.Raw != live[i].Raw {
			t.Errorf("after kill -9: %s, it was %s", m, live[i])
		}
	}
	if code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data); code != 0 {
		t.Errorf("verify: exit %d: %s%s", code, stdout, stderr)
	}
}

// Nobody but the sends waits for the disk.
func TestASlowDiskDelaysTheAcksAndNothingElse(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
	ann.sendMany("lobby", "before", 5)
	heal := s.spoilSyncs(t, "delay_enter=15s") // longer than a busy machine takes for what needs no disk
	defer heal()
	began := time.Now()
	for i := range 10 { // to several conversations, so that nothing waits behind one of them
		ann.say(`{"type":"send","conversation":"c%d","id":"c1","text":"hi"}`, i)
	}
	for what, request := range map[string]string{
		"ping": `{"type":"ping"}`, "history": `{"type":"history","conversation":"lobby"}`,
		"join": `{"type":"join","conversation":"lobby"}`,
	} {
		for _, c := range []*client{ann, bob} {
			if f := c.ask(request); f.Type == "error" {
				t.Errorf("%s: %s", what, f)
			}
		}
	}
	s.get(t, "/api/conversations/lobby/messages").is(t, 200)
	if _, ok := ann.await(0, ofType("ack")); ok {
		t.Error("an ack came before the replies that need no disk")
	}
	ann.expect("the ack, late", ofType("ack"))
	if d := time.Since(began); d < 15*time.Second {
		t.Errorf("the ack came after %v, before its sync was done", d)
	}
}
