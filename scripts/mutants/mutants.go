package main

// The tests that are to notice, and the packages that they are in.
const (
	authors = "TestWhatAuthorsWereToldIsTrueWhateverFails"
	people  = "TestWhatSessionsSawIsTrueWhateverFails"
	waited  = "TestAResendThatWaitsForTheDiskIsNeverRecordedTwice"
	marks   = "TestAMarkSurvivesACrashAfterASecond"
	removal = "TestAStartRemovesOldSegmentsOneAfterAnother"
	spoiled = "TestAnErrorOfTheVolumeIsAlsoThatOfWhatWasWrittenMeanwhile"
	named   = "TestAFreshRecordsOwnNameIsSyncedThoughTheFolderIsThereAlready"
	unread  = "TestATranscriptThatCannotBeReadRefusesTheStartAndIsNotDamage"
	cut     = "TestWhatACrashLeftBeyondTheJournalIsCutOff"
	history = "TestWithoutHistoryTheRecordAnswersAndTheHistoryIsFilledAgain"
	stalled = "TestAClientThatTakesNothingIsClosedAfterTheWriteTimeout"
	forged  = "TestAThousandForgedLinesAreNamedByFileAndLine"
	older   = "TestAJoinOfAnotherHistoryIsReset"
)

var packages = map[string]string{
	authors: "simulation", people: "simulation",
	waited: "persistence/disk", marks: "persistence/disk", cut: "persistence/disk", unread: "persistence/disk", named: "persistence/disk", spoiled: "persistence/disk", removal: "persistence/disk", history: "persistence", stalled: "session",
	forged: "persistence/disk", older: "session",
}

// mutant is a server that breaks a promise.
type mutant struct {
	name   string
	test   string // that must fail
	change []edit
}

// edit puts one text in the place of another, which must stand in the file exactly once.
type edit struct{ file, from, to string }

const (
	record  = "persistence/disk/"
	cursors = "session/cursor.go"
)

var mutants = []mutant{
	{"ack before sync", authors, []edit{
		{record + "journal.go", "		err = s.file.Sync()\n", ""},
	}},
	{"shown before it is committed", authors, []edit{
		{record + "group.go", "		size, err = k.write(w)\n", "		for _, p := range w.group {\n			k.publish(p)\n		}\n		size, err = k.write(w)\n"},
		{record + "group.go", "		entries += p.count\n		k.publish(p)\n", "		entries += p.count\n"},
	}},
	{"no journal replay", authors, []edit{
		{record + "replay.go", "			run:  p.run,\n", ""},
	}},
	{"the torn end of the journal is believed", authors, []edit{
		{record + "segment.go", "	if crc32.Checksum(b[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {\n		return nil, 0, 0, false\n	}\n", ""},
	}},
	{"what only the page cache holds is believed at a start", authors, []edit{
		{record + "load.go", "if err := r.renew(seg.path, buf[:valid]); err != nil {", "if err := error(nil); err != nil {"},
	}},
	{"what a failed sync left behind counts after all", authors, []edit{
		{record + "segments.go", "			s.limit = valid\n", "			s.limit = unknownEnd\n"},
	}},
	{"a failed sync is tried again, and that is believed", authors, []edit{
		{record + "journal.go", "		err = s.file.Sync()\n", "		if err = s.file.Sync(); err != nil {\n			err = s.file.Sync()\n		}\n"},
	}},
	{"a transcript's failed sync is followed by one that succeeds", authors, []edit{
		{record + "syncing.go", "		c.suspect, c.alone = true, false\n", ""},
	}},
	{"what a failed sync may have lost is read all the same", authors, []edit{
		{record + "transcript.go", "	if c.suspect || c.alone {", "	if false {"},
	}},
	{"the journal goes before the transcripts are synced", authors, []edit{
		{record + "syncing.go", "	if err := s.file.Sync(); err != nil {", "	if err := error(nil); err != nil {"},
	}},
	{"the catalogue says that one segment more is folded", authors, []edit{
		{record + "checkpoint.go", "floor := max(k.floor, upTo+1)", "floor := max(k.floor, upTo+2)"},
	}},
	{"the catalogue is trusted without a look at its checksum", authors, []edit{
		{record + "catalogue.go", ` || crc32.Checksum(b[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {`, " {"},
	}},
	{"lines leave memory though the file took none", authors, []edit{
		{record + "flush.go", "		if err != nil {\n			return err\n		}\n		c.mu.Lock()\n		c.written", "		c.mu.Lock()\n		c.written"},
	}},
	{"no sync of the folder after a segment is made", authors, []edit{
		{record + "prepare.go", "		err = p.fs.SyncDir(p.dir)\n", ""},
	}},
	{"no sync of the folder after the catalogue is renamed", authors, []edit{
		{record + "catalogue.go", "	if err := r.fs.SyncDir(r.dir); err != nil {", "	if err := error(nil); err != nil {"},
	}},
	{"no sync of the folder with new transcripts", authors, []edit{
		{record + "checkpoint.go", "	if err := k.r.fs.SyncDir(k.r.files.dir); err != nil {", "	if err := error(nil); err != nil {"},
	}},
	{"a folder that a killed start made is not synced", named, []edit{
		{record + "lock.go", "		err = settleDirs(fsys, dir)\n", ""},
	}},
	{"a start removes old segments all at once", removal, []edit{
		{record + "load.go", "		if err := r.fs.SyncDir(dir); err != nil {\n			return nil, fmt.Errorf(\"journal: sync the folder: %w\", err)\n		}\n	}\n	var buf", "	}\n	var buf"},
	}},
	{"a read error at a start counts as damage", unread, []edit{
		{record + "replay.go", "checkBefore(f, t); errors.As(err, &broken) {\n", "checkBefore(f, t); err != nil {\n			if !errors.As(err, &broken) {\n				broken = &notWholeError{what: err.Error()}\n			}\n"},
	}},
	{"a volume's failed sync spoils only what it was for", spoiled, []edit{
		{record + "volume.go", "		for _, c := range k.take() {\n			if !there[c] {\n				left = append(left, c)\n			}\n		}\n", "		_ = there\n"},
	}},
	{"a transcript is not cut back at a start", cut, []edit{
		{record + "replay.go", "	return p.cut(t)\n", "	return nil\n"},
	}},
	{"ids are forgotten by a restart", authors, []edit{
		{record + "ids.go", "			s.add(idKey(r.seed, author, id), seq)\n", "			_ = idKey(r.seed, author, id)\n"},
	}},
	{"the ids of refused sends are kept", authors, []edit{
		{record + "judge.go", "		t.keys[key] = len(t.accepted)\n", "		t.keys[key] = len(t.accepted)\n		t.ids.add(key, next)\n"},
	}},
	{"the same id twice in one batch", authors, []edit{
		{record + "duplicate.go", "		if first.Author == s.Author && first.ID == s.ID {", "		if first == nil {"},
	}},
	{"late resends are not looked for", authors, []edit{
		{record + "recall.go", "	if !send.Since.Set || send.ID == \"\" {", "	if true {"},
	}},
	{"a late resend that waited too long is recorded again", authors, []edit{
		{record + "recall.go", "		return send.Covered < s.from()\n", "		return false\n"},
	}},
	{"a resend without since that waited too long is recorded again", waited, []edit{
		{record + "recall.go", "	return s.from() > 1 && ", "	return false && "},
	}},
	{"prev is not looked for", authors, []edit{
		{record + "judge.go", "	return s.FoundPrev != 0 || ", "	return true || "},
	}},
	{"an id with another text counts as a duplicate", authors, []edit{
		{record + "duplicate.go", "		if !same(m.Text, m.Target, m.Meta, s) {", "		if false {"},
	}},
	{"a batch is recorded in the other order", authors, []edit{
		{record + "turn.go", "	for _, s := range sends[:n] {\n", "	for i := range n {\n		s := sends[n-1-i]\n"},
	}},
	{"a batch is answered in the other order", authors, []edit{
		{"persistence/turns.go", "	for _, send := range t.Sends {\n", "	for i := range t.Sends {\n		send := t.Sends[len(t.Sends)-1-i]\n"},
	}},
	{"a batch is acked though its commit failed", authors, []edit{
		{record + "turn.go", "	refuse(t.accepted, err)\n", "	if len(t.accepted) > 0 {\n		t.r.complain(err)\n	}\n"},
	}},
	{"read marks are not replayed", marks, []edit{
		{record + "replay.go", "{ p.marks = append(p.marks, m); return nil }", "{ return nil }"},
	}},
	{"time goes back", authors, []edit{
		{record + "turn.go", "	now := max(t.desk.now, tail.Time)\n", "	now := t.desk.now\n"},
	}},
	{"one entry is left out between record and ring", people, []edit{
		{cursors, "	if b == c.block {\n		c.dropBlock()\n", "	if b == c.block {\n		c.at++\n		c.dropBlock()\n"},
	}},
	{"the first entry after the join's point is left out", people, []edit{
		{"session/join.go", "		return protocol.Seq(r.After.Value)\n", "		return protocol.Seq(r.After.Value) + 1\n"},
	}},
	{"an entry between two batches of the ring is left out", people, []edit{
		{"hub/ring.go", "	r.last.Store(uint64(b.Last())) // last", "	r.last.Store(uint64(b.Last()) - 1) // last"},
	}},
	{"entries come twice after a join anew", people, []edit{
		{cursors, "	c.gone = true\n	c.dropBlock()\n", "	c.dropBlock()\n"},
	}},
	{"who fell behind is left there without a word", people, []edit{
		{cursors, "	if !c.fetch && c.session.mayFetch(c) {", "	if false {"},
	}},
	{"a slow reader is moved to the newest without a word", people, []edit{
		{cursors, "	if !c.fetch && c.session.mayFetch(c) {", "	if c.at = c.last; false {"},
	}},
	{"a read fails where the history does", history, []edit{
		{"persistence/store.go", "		if batch != nil {\n			s.stats.hits", "		if err != nil {\n			return nil, err\n		}\n		if batch != nil {\n			s.stats.hits"},
	}},
	{"who takes nothing at all is never closed", stalled, []edit{
		{"session/wire.go", "			return errStalled\n", "			return nil\n"},
	}},
	{"a sum binds nothing of its line", forged, []edit{
		{record + "chain.go", "; sum != e.sum {", "; sum == (protocol.Sum{}) {"},
	}},
	{"a client of another history is let in", older, []edit{
		{"session/join.go", "	case !same:\n", "	case !same && r.Known == 0:\n"},
	}},
	{"an ack goes out though the batch was refused", people, []edit{
		{"session/send.go", "	if send.Err != nil {\n		s.replies", "	if false {\n		s.replies"},
	}},
}
