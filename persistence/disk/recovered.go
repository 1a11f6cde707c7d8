package disk

import "sync"

// Recovered is what a start has found and put right.
type Recovered struct {
	Conversations int  // on the record
	Refused       int  // of them, those that are not whole
	Adopted       int  // of them, those that neither the catalogue nor the journal knew
	Clean         bool // who had the record before has closed it, or nobody had: there was nothing to put right

	Segments int   // of the journal, that were read
	Entries  int64 // that were replayed from them
	Replayed int   // conversations that these are in
	Torn     int64 // bytes at the journal's end that were no whole block: of a write that a crash broke off
	Cut      int64 // bytes that were taken off transcripts, since the journal does not have them
	Kept     int64 // bytes that transcripts had beyond the journal, and that stay
	Gone     int   // conversations whose transcripts were removed
}

// tally collects it while a start goes on. Safe for concurrent use.
type tally struct {
	mu  sync.Mutex
	got Recovered // guarded by mu
}

func (t *tally) note(add func(*Recovered)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	add(&t.got)
}

// Recovered returns what the start has found and put right.
func (r *Record) Recovered() Recovered {
	r.recovered.mu.Lock()
	defer r.recovered.mu.Unlock()
	return r.recovered.got
}
