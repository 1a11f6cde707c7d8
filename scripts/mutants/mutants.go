package main

// The tests that must notice.
var (
	authors   = test{"simulation", "TestWhatAuthorsWereToldIsTrueWhateverFails"}
	people    = test{"simulation", "TestWhatSessionsSawIsTrueWhateverFails"}
	waited    = test{"persistence/disk", "TestAResendThatWaitsForTheDiskIsNeverRecordedTwice"}
	marks     = test{"persistence/disk", "TestAMarkSurvivesACrashAfterASecond"}
	removal   = test{"persistence/disk", "TestAStartRemovesOldSegmentsOneAfterAnother"}
	spoiled   = test{"persistence/disk", "TestAnErrorOfTheVolumeIsAlsoThatOfWhatWasWrittenMeanwhile"}
	named     = test{"persistence/disk", "TestAFreshRecordsOwnNameIsSyncedThoughTheFolderIsThereAlready"}
	unread    = test{"persistence/disk", "TestATranscriptThatCannotBeReadRefusesTheStartAndIsNotDamage"}
	cut       = test{"persistence/disk", "TestWhatACrashLeftBeyondTheJournalIsCutOff"}
	forged    = test{"persistence/disk", "TestAThousandForgedLinesAreNamedByFileAndLine"}
	history   = test{"persistence", "TestWithoutHistoryTheRecordAnswersAndTheHistoryIsFilledAgain"}
	stalled   = test{"session", "TestAClientThatTakesNothingIsClosedAfterTheWriteTimeout"}
	older     = test{"session", "TestAJoinOfAnotherHistoryIsReset"}
	permits   = test{"server", "TestEveryRequestNeedsItsPermission"}
	creates   = test{"server", "TestWhoMayCreateWritesTheFirstEntry"}
	listing   = test{"server", "TestAListHasWhatOneMayReadAndItsPagesAreFull"}
	withdrawn = test{"server", "TestAWithdrawnPermissionEndsWhatIsUnderWay"}
	renewed   = test{"server", "TestARenewedTokenWithLessEndsJoinsBeforeItsReply"}
	attacks   = test{"server", "TestEveryAttackIsRefusedAtEveryDoor"}
	rules     = test{"identity/token", "TestEveryAttackIsRefusedByItsRule"}
	rotates   = test{"identity/token", "TestARotationIsHonouredWithinTenSecondsBesideAFloodOfJunkKeys"}
	over      = test{"session", "TestASessionWhoseTokenIsOverServesOnlyANewOneAndIsClosedAfterTheGrace"}
	renewal   = test{"session", "TestARenewalThatIsRefusedChangesNothing"}
	completed = test{"session", "TestACompletionLeavesTheWakeToTheEntryOnlyIfTheEntryComesToItsCursor"}
	answers   = test{"session", "TestAClientThatAnswersPingsLives"}
	bad       = test{"session", "TestMoreThanAHundredBadRequestsAMinuteCloseTheConnection"}
	backlog   = test{"session", "TestABacklogHasRoomAgainWhenBothOfItsPartsAreWithinTheirLimits"}
	woken     = test{"hub", "TestNobodyIsLeftAsleepWhileMembersComeAndGo"}
	published = test{"hub", "TestEveryPublishWakesEachMemberEvenIfItBringsNothingNew"}
	forward   = test{"hub", "TestAMarkNeverGoesBack"}
	told      = test{"hub", "TestAPartIsNotToldToTheMemberThatCausedItNorToTheUserThatItIsAbout"}
	ticks     = test{"hub", "TestAReaderGetsEachTickOnceAndNoneFromBeforeItsJoin"}
	behind    = test{"hub", "TestAReaderThatFellBehindAsksOnceAndGoesOnAfterItsCatchUp"}
	back      = test{"hub", "TestAUserThatWentAndCameBackTwiceLeavesOnceAndOnTime"}
)

// mutants are in the order of a message's way: journal, start, transcripts, catalogue, ids, order, sessions.
var mutants = []mutant{
	{"ack before sync", authors, []edit{
		{"persistence/journal.writer.flush", `err = s.file.Sync()`, ``},
	}},
	{"shown before it is committed", authors, []edit{
		{"persistence/journal.committer.commit", `size, err = k.write(w)`,
			`for _, p := range w.group { p.Owner.Committed() }; size, err = k.write(w)`},
		{"persistence/journal.committer.commit", `entries += p.Count
			p.Owner.Committed()`, `entries += p.Count`},
	}},
	{"no journal replay", authors, []edit{
		{"persistence/disk.Record.replay", `Lines: p.run,`, ``},
	}},
	{"the torn end of the journal is believed", authors, []edit{
		{"persistence/journal.readBlock",
			`if crc32.Checksum(b[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
				return nil, 0, 0, false
			}`, ``},
	}},
	{"what only the page cache holds is believed at a start", authors, []edit{
		{"persistence/journal.Recover", `err := renew(o.FS, s.Path, buf[:valid])`, `err := error(nil)`},
	}},
	{"what a failed sync left behind counts after all", authors, []edit{
		{"persistence/journal.Find", `s.limit = valid`, `s.limit = unknownEnd`},
	}},
	{"a failed sync is tried again, and that is believed", authors, []edit{
		{"persistence/journal.writer.flush", `err = s.file.Sync()`,
			`if err = s.file.Sync(); err != nil { err = s.file.Sync() }`},
	}},
	{"a transcript's failed sync is followed by one that succeeds", authors, []edit{
		{"persistence/disk.fileState.syncFailed", `f.suspect, f.alone = true, false`, ``},
	}},
	{"what a failed sync may have lost is read all the same", authors, []edit{
		{"persistence/disk.fileState.from", `if f.suspect || f.alone`, `if false`},
	}},
	{"the journal goes before the transcripts are synced", authors, []edit{
		{"persistence/disk.checkpoints.finish", `err := s.file.Sync()`, `err := error(nil)`},
	}},
	{"the catalogue says that one segment more is folded", authors, []edit{
		{"persistence/disk.checkpoints.fold", `max(k.floor, upTo+1)`, `max(k.floor, upTo+2)`},
	}},
	{"the catalogue is trusted without a look at its checksum", authors, []edit{
		{"persistence/datadir.decodeCatalogue",
			`|| crc32.Checksum(b[8:], crcTable) != binary.LittleEndian.Uint32(b[4:])`, ``},
	}},
	{"lines leave memory though the file took none", authors, []edit{
		{"persistence/disk.flusher.write", `if err != nil { return err }`, ``},
	}},
	{"no sync of the folder after a segment is made", authors, []edit{
		{"persistence/journal.preparer.make", `err = p.fs.SyncDir(p.dir)`, ``},
	}},
	{"no sync of the folder after the catalogue is renamed", authors, []edit{
		{"persistence/datadir.Catalogue.Write", `err := fsys.SyncDir(dir)`, `err := error(nil)`},
	}},
	{"no sync of the folder with new transcripts", authors, []edit{
		{"persistence/disk.checkpoints.fold", `err := k.fs.SyncDir(k.files.Dir)`, `err := error(nil)`},
	}},
	{"a folder that a killed start made is not synced", named, []edit{
		{"persistence/datadir.EnsureFormat", `err = vfs.SyncParents(fsys, dir)`, ``},
	}},
	{"a start removes old segments all at once", removal, []edit{
		{"persistence/journal.Recover", `if err := o.FS.SyncDir(o.Dir); err != nil {
				return nil, fmt.Errorf("journal: sync the folder: %w", err)
			}
		}
		var buf`, `}
		var buf`},
	}},
	{"a read error at a start counts as damage", unread, []edit{
		{"persistence/disk.replay.check", `errors.As(err, &broken) {`, `err != nil {
			if !errors.As(err, &broken) { broken = &transcript.IntegrityError{What: err.Error()} }`},
	}},
	{"a volume's failed sync spoils only what it was for", spoiled, []edit{
		{"persistence/disk.checkpoints.syncVolume",
			`for _, c := range k.take() { if !there[c] { left = append(left, c) } }`, `_ = there`},
	}},
	{"a transcript is not cut back at a start", cut, []edit{
		{"persistence/disk.replay.settle", `return p.cut(t)`, `return nil`},
	}},
	{"ids are forgotten by a restart", authors, []edit{
		{"persistence/disk.Record.loadIDs", `s.Add(dedup.Key(r.seed, author, id), seq)`,
			`_ = dedup.Key(r.seed, author, id)`},
	}},
	{"the ids of refused sends are kept", authors, []edit{
		{"persistence/disk.appending.decideOne", `t.keys[key] = len(t.accepted)`,
			`t.keys[key] = len(t.accepted); t.ids.Add(key, next)`},
	}},
	{"the same id twice in one batch", authors, []edit{
		{"persistence/disk.appending.known", `if first.Author == s.Author && first.ID == s.ID`, `if first == nil`},
	}},
	{"late resends are not looked for", authors, []edit{
		{"persistence/disk.Record.PrepareDedup", `if !m.Since.Set || m.ID == ""`, `if true`},
	}},
	{"a late resend that waited too long is recorded again", authors, []edit{
		{"persistence/dedup.Index.Forgot", `return covered < s.From()`, `return false`},
	}},
	{"a resend without since that waited too long is recorded again", waited, []edit{
		{"persistence/dedup.Index.Forgot", `return s.From() > 1 &&`, `return false &&`},
	}},
	{"prev is not looked for", authors, []edit{
		{"persistence/disk.appending.stands", `return preparedOf(s).prev != 0 ||`, `return true ||`},
	}},
	{"an id with another text counts as a duplicate", authors, []edit{
		{"persistence/disk.appending.known", `if !same(m.Text, m.Target, m.Meta, s)`, `if false`},
	}},
	{"a batch is recorded in the other order", authors, []edit{
		{"persistence/disk.appending.decide", `for _, s := range sends[:n] {`, `for i := range n { s := sends[n-1-i];`},
	}},
	{"a batch is answered in the other order", authors, []edit{
		{"persistence.Store.complete", `for _, send := range t.Sends {`,
			`for i := range t.Sends { send := t.Sends[len(t.Sends)-1-i];`},
	}},
	{"a batch is acked though its commit failed", authors, []edit{
		{"persistence/disk.appending.refuse", `refuse(t.accepted, err)`,
			`if len(t.accepted) > 0 { t.r.complain(err) }`},
	}},
	{"read marks are not replayed", marks, []edit{
		{"persistence/disk.Record.replay", `p.marks = append(p.marks, m)`, ``},
	}},
	{"time goes back", authors, []edit{
		{"persistence/disk.appending.begin", `now := max(t.encoder.now, tail.Time)`, `now := t.encoder.now`},
	}},
	{"one entry is left out between record and ring", people, []edit{
		{"session.cursor.done", `c.dropBlock()`, `c.at++; c.dropBlock()`},
	}},
	{"the first entry after the join's point is left out", people, []edit{
		{"session.startOf", `return protocol.Seq(r.After.Value)`, `return protocol.Seq(r.After.Value) + 1`},
	}},
	{"an entry between two runs of the ring is left out", people, []edit{
		{"hub.ring.put", `r.last.Store(uint64(b.Last()))`, `r.last.Store(uint64(b.Last()) - 1)`},
	}},
	{"entries come twice after a second join", people, []edit{
		{"session.cursor.stop", `c.gone = true`, ``},
	}},
	{"a reader that fell behind is left there without a word", people, []edit{
		{"session.cursor.entries", `if !c.fetch && c.out.mayFetch(c)`, `if false`},
	}},
	{"a slow reader is moved to the newest without a word", people, []edit{
		{"session.cursor.entries", `if !c.fetch && c.out.mayFetch(c)`, `if c.at = c.last; false`},
	}},
	{"a read fails where the history does", history, []edit{
		{"persistence.Store.Read", `if entries != nil { s.stats.hits`, `if err != nil { return nil, err }
			if entries != nil { s.stats.hits`},
	}},
	{"a client that takes nothing at all is never closed", stalled, []edit{
		{"session.wire.send", `return errStalled`, `return nil`},
	}},
	{"a sum binds nothing of its line", forged, []edit{
		{"persistence/transcript.Walk.Next", `sum != e.Sum`, `sum == (protocol.Sum{})`},
	}},
	{"a client of another history is let in", older, []edit{
		{"session.session.sameRecord", `case !same:`, `case !same && r.Known == 0:`},
	}},
	{"a socket's request is served without its permission", permits, []edit{
		{"session.session.permit", `if s.env.Policy == nil {`, `if true {`},
	}},
	{"an HTTP request is served without its permission", permits, []edit{
		{"server/api.permitted", `if err == nil && !may(p, r, v, id)`, `if false`},
	}},
	{"who may not create writes a first entry", creates, []edit{
		{"persistence/disk.appending.decideOne", `if s.NoCreate && `, `if false && `},
	}},
	{"a list has what one may not read", listing, []edit{
		{"server/api.Conversations.which", `if c.Policy != nil`, `if false`},
	}},
	{"who lost the permission reads on", withdrawn, []edit{
		{"session.cursor.take", `if !c.allowed()`, `if false`},
	}},
	{"a renewed token with less keeps its joins", renewed, []edit{
		{"session.session.weighAgain", `if !s.may(permissions.Read, id)`, `if false`},
	}},
	{"an ack goes out though the batch was refused", people, []edit{
		{"session.outbound.settle", `if send.Err != nil { b.replies`, `if false { b.replies`},
	}},
	{"a token's signature is not checked", attacks, []edit{
		{"identity/token.Verifier.Verify", `!anyVerifies(keys, signed, parts[2])`,
			`signed == "" && !anyVerifies(keys, signed, parts[2])`},
	}},
	{"a claim may stand twice", rules, []edit{
		{"identity/token.readObject", `jsontext.NewDecoder(bytes.NewReader(text))`,
			`jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))`},
	}},
	{"each stranger's unknown key is fetched", rotates, []edit{
		{"identity/token.KeySet.rest", `askEvery - time.Since(s.tried)`, `-time.Since(s.tried)`},
	}},
	{"a session whose token is over is served on", over, []edit{
		{"session.session.handle", `s.expired() &&`, `false &&`},
	}},
	{"a session whose token is over is not closed", over, []edit{
		{"session.Env.live", `e.expiries.add(m, end)`, `e.expiries.add(m, end.Add(2*time.Hour))`},
	}},
	{"another user's token renews a session", renewal, []edit{
		{"session.session.token", `who.Subject.User != s.user`, `false`},
	}},
	{"an ack waits for a wake that a duplicate does not bring", completed, []edit{
		{"session.cursor.Completed", `!send.Duplicate &&`, ``},
	}},
	{"an ack waits for a wake though its session closes", completed, []edit{
		{"session.cursor.stopped", `|| c.out.closed != nil`, ``},
	}},
	{"a client that answers its ping is closed all the same", answers, []edit{
		{"session.keepAlive.look", `if heard >= k.pinged`, `if false`},
	}},
	{"bad requests are served without end", bad, []edit{
		{"session.session.tooManyBad", `> maxBad`, `> 100*maxBad`},
	}},
	{"a session reads on though its client takes no replies", backlog, []edit{
		{"session.backlog.full", `len(b.replies) > maxReplies ||`, ``},
	}},
	{"a session reads on whatever is on its way to the record", backlog, []edit{
		{"session.backlog.full", `|| b.inFlight > maxInFlight`, ``},
	}},
	{"a member that moves behind the pass is not woken", woken, []edit{
		{"hub.wakeList.remove", `moved.Wake()`, ``},
	}},
	{"a publish that brings nothing new wakes nobody", published, []edit{
		{"hub.Conversation.publish", `if len(c.wakes.members) > 0 {`,
			`if len(c.wakes.members) > 0 && uint64(b.Last()) > c.ring.last.Load() {`},
	}},
	{"a read mark goes back", forward, []edit{
		{"hub.readMarks.move", `if seq <= k.seq`, `if seq == k.seq`},
	}},
	{"one is told of oneself", told, []edit{
		{"hub.part.goesTo", `p.about != user`, `true`},
	}},
	{"a join is told what its snapshot shows", ticks, []edit{
		{"hub.part.goesTo", `p.event <= r.joinedAt ||`, ``},
	}},
	{"who fell behind gets no presence again", behind, []edit{
		{"hub.ephemeraReader.ask", `first := !r.asked`, `first := false`},
	}},
	{"a user that came back and went again leaves too early", back, []edit{
		{"hub.presence.expire", `if u.leaveAt.After(now)`, `if false`},
	}},
}
