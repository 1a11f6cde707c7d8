package disk

// Stats are figures for gauges.
type Stats struct {
	PendingBytes    int64 // committed, and not yet in transcripts
	JournalBytes    int64 // in live segments
	JournalSegments int
	OpenFiles       int // transcripts
	Conversations   int
	IDs             int   // remembered
	SyncErrors      int64 // syncs of the journal, of a transcript or of the file system that failed, since the start
}

// Stats is cheap.
func (r *Record) Stats() Stats {
	s := Stats{PendingBytes: r.flusher.pending(), OpenFiles: r.files.Len(), Conversations: r.conversations.count()}
	s.JournalBytes, s.JournalSegments = r.journal.Usage()
	s.IDs = int(r.remembered.Load())
	s.SyncErrors = r.syncErrors.Load() + r.journal.SyncErrors()
	return s
}
