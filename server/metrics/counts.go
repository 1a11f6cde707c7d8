package metrics

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"
)

// counts are the figures of the sources, by its name on /metrics (verbatim_… before it, _total behind a counter).
var counts = []count{
	gauge("sessions", "WebSocket sessions that are being served.",
		func(r *reading) float64 { return float64(r.Sessions.Sessions.Load()) }),
	gauge("event_streams", "Streams of server-sent events that are being served.",
		func(r *reading) float64 { return float64(r.Sessions.Streams.Load()) }),
	gauge("handshakes", "Connections that have not finished a request.",
		func(r *reading) float64 { return float64(r.gate.Handshakes) }),
	gauge("idle_connections", "Connections that have finished a request and begun no other.",
		func(r *reading) float64 { return float64(r.gate.Idle) }),
	gauge("requests_waiting", "Connections whose request is being answered.",
		func(r *reading) float64 { return float64(r.gate.Answering) }),
	gauge("refusals", "Connections that are being told why they are no session.",
		func(r *reading) float64 { return float64(r.Refusals.Taken()) }),
	gauge("ready", "1 where the server takes traffic: it is not draining and can record.",
		func(r *reading) float64 { return truth(r.Ready()) }),
	counter("deliveries", "Entries that were handed to sessions' sockets.",
		func(r *reading) float64 { return float64(r.Sessions.Deliveries.Load()) }),
	counter("sent_bytes", "Bytes that were handed to sessions' sockets.",
		func(r *reading) float64 { return float64(r.Sessions.BytesOut.Load()) }),
	counter("received_messages", "Sends that came from sessions, before the record decided on them.",
		func(r *reading) float64 { return float64(r.Sessions.Messages.Load()) }),
	counter("bad_requests", "Requests of sessions that the contract does not allow.",
		func(r *reading) float64 { return float64(r.Sessions.BadRequests.Load()) }),
	counter("sessions_blocked", "Times that a session stopped reading for want of room: its replies were not "+
		"taken, or its sends waited for the record.",
		func(r *reading) float64 { return float64(r.Sessions.Blocked.Load()) }),

	counter("messages_recorded", "Sends that are on the record, duplicates too.",
		func(r *reading) float64 { return float64(r.store.Recorded) }),
	counter("messages_refused", "Sends that the record refused: conflict, out_of_order, bad target, unavailable.",
		func(r *reading) float64 { return float64(r.store.Refused) }),
	gauge("writers", "Conversations whose sends are being recorded at this moment.",
		func(r *reading) float64 { return float64(r.store.Writers) }),
	gauge("writers_queue", "Sends that wait for their conversation's writer.",
		func(r *reading) float64 { return float64(r.store.Queued) }),

	gauge("hub_conversations", "Conversations that have members, or had them a moment ago.",
		func(r *reading) float64 { return float64(r.hub.Conversations) }),
	gauge("hub_members", "Joins of all sessions together.",
		func(r *reading) float64 { return float64(r.hub.Members) }),
	gauge("hub_queue", "Commands and committed batches that wait for a hub goroutine.",
		func(r *reading) float64 { return float64(r.hub.Queued) }),

	counter("history_hits", "Reads of recent entries that the history answered.",
		func(r *reading) float64 { return float64(r.store.HistoryHits) }),
	counter("history_misses", "Reads of recent entries that the record had to answer.",
		func(r *reading) float64 { return float64(r.store.HistoryMisses) }),
	counter("history_appended", "Entries that were put into the history.",
		func(r *reading) float64 { return float64(r.history.Appended) }),
	counter("history_dropped", "Entries that the history had no room or no time for; the record has them.",
		func(r *reading) float64 { return float64(r.history.Dropped) }),
	gauge("history_conversations", "Conversations in the history in memory, or lately written to Redis.",
		func(r *reading) float64 { return float64(r.history.Conversations) }),
	gauge("history_bytes", "Memory that the history in memory takes.",
		func(r *reading) float64 { return float64(r.history.Bytes) }),
	gauge("history_queue", "Batches that wait for Redis.",
		func(r *reading) float64 { return float64(r.history.Queued) }),
	gauge("history_queue_bytes", "Bytes that wait for Redis.",
		func(r *reading) float64 { return float64(r.history.QueuedBytes) }),
	breakerState("closed"), breakerState("half-open"), breakerState("open"),
	gauge("history_abandoned", "1 where another data directory's server was found in this Redis, which is not "+
		"used any more.",
		func(r *reading) float64 { return truth(r.history.Abandoned) }),

	gauge("start_clean", "1 where the record was closed cleanly before this start, 0 where it had to be recovered.",
		func(r *reading) float64 { return truth(r.Record.Recovered().Clean) }),
	gauge("start_replayed_entries", "Entries that this start has replayed from the journal.",
		func(r *reading) float64 { return float64(r.Record.Recovered().Entries) }),
	gauge("start_torn_bytes", "Bytes of a write that was broken off, which this start found at the journal's end "+
		"and took away.",
		func(r *reading) float64 { return float64(r.Record.Recovered().Torn) }),
	gauge("start_duration_seconds", "How long this start took to open the record.",
		func(r *reading) float64 { return r.Started.Seconds() }),
	counter("cold_reads", "Reads of entries that the record answered from the disk, since no memory held them.",
		func(r *reading) float64 { return float64(r.store.ColdReads) }),
	counter("sync_errors", "Syncs of the journal, of a transcript or of the file system that failed.",
		func(r *reading) float64 { return float64(r.disk.SyncErrors) }),
	gauge("conversations", "Conversations on the record.",
		func(r *reading) float64 { return float64(r.disk.Conversations) }),
	gauge("ids", "Ids of sends that are remembered, so that sending again is safe.",
		func(r *reading) float64 { return float64(r.disk.IDs) }),
	gauge("pending_bytes", "Committed lines that are not yet written to their transcripts.",
		func(r *reading) float64 { return float64(r.disk.PendingBytes) }),
	gauge("journal_bytes", "The journal's size.",
		func(r *reading) float64 { return float64(r.disk.JournalBytes) }),
	gauge("journal_segments", "The journal's files.",
		func(r *reading) float64 { return float64(r.disk.JournalSegments) }),
	gauge("open_transcripts", "Transcript files that are open.",
		func(r *reading) float64 { return float64(r.disk.OpenFiles) }),
	counter("log_left_out", "Notes of refusals and odd ends that got no line of the log of their own, since one "+
		"of their kind had one a moment before.",
		func(r *reading) float64 { return float64(r.Notes.Unlogged()) }),
	counter("log_dropped", "Lines of the log that were dropped: stderr did not take them as fast as they came, "+
		"or not at all.",
		func(r *reading) float64 { return float64(r.Logger.Dropped()) }),
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// breakerState is the gauge of one state of Redis' circuit breaker.
func breakerState(state string) count {
	const help = "Redis' circuit breaker: 1 for the state that it is in, 0 for the others. closed: Redis is " +
		"used, or there " +
		"is none; open: Redis is left alone for a while; half-open: it is tried again."
	desc := prometheus.NewDesc("verbatim_history_breaker_state", help, nil, prometheus.Labels{"state": state})
	return count{desc, prometheus.GaugeValue, func(r *reading) float64 {
		return truth(cmp.Or(r.history.Breaker, "closed") == state)
	}}
}

// count is one figure of a source.
type count struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*reading) float64
}

func gauge(name, help string, read func(*reading) float64) count {
	return count{prometheus.NewDesc("verbatim_"+name, help, nil, nil), prometheus.GaugeValue, read}
}

func counter(name, help string, read func(*reading) float64) count {
	return count{prometheus.NewDesc("verbatim_"+name+"_total", help, nil, nil), prometheus.CounterValue, read}
}
