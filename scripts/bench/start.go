package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
	"verbatim/scripts/bench/metrics"
)

// starts is how long a server with many conversations takes to be there.
func starts(s *size) []*row {
	n, patience := 100_000, 20*time.Second
	if s.quick {
		n, patience = 2_000, 3*time.Second
	}
	k := &kept{conversations: n, patience: patience}
	return []*row{{
		title: "start with " + grouped(n) + " conversations",
		about: "three messages in each, put there once. After a clean stop; and after kill -9 under load, acks " +
			"spread over all conversations, at the moment when the journal is as full as it gets (a checkpoint " +
			"frees it; the bound of what is in use is 176 MB). The files are in the page cache, which they are " +
			"not after a machine's start",
		runs: append(named("clean stop", k.afterStop), named("kill -9", k.afterKill)...),
		targets: []target{
			atMost(1).alone(starting, "clean stop"), atMost(10).alone(firstPage, "clean stop"),
			atMost(2).alone(starting, "kill -9"), atMost(10).alone(firstPage, "kill -9"), show(inJournal, "kill -9"),
		},
	}}
}

// kept is a record that all rounds use, in two copies: one whose server was always stopped cleanly, and one whose
// server was always killed.
type kept struct {
	conversations   int
	patience        time.Duration // how long the journal may take to be full
	stopped, killed string        // folders; "": not made yet
}

func (k *kept) make(ctx context.Context, b *bench) error {
	if k.stopped != "" {
		return nil
	}
	say("putting %s conversations on the record, once", grouped(k.conversations))
	folder, err := b.newFolder()
	if err != nil {
		return err
	}
	flags := fmt.Sprintf("-work acks -window 1024 -rooms %d -count %d", k.conversations, 3*k.conversations)
	if err := b.fill(ctx, folder, flags); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", folder, folder+"-killed").CombinedOutput(); err != nil {
		return fmt.Errorf("copy the record: %w: %s", err, tail(out))
	}
	// So that the copy is not written to the disk while something is measured.
	_ = exec.CommandContext(ctx, "sync", "-f", folder).Run()
	k.stopped, k.killed = folder, folder+"-killed"
	return nil
}

func (k *kept) afterStop(ctx context.Context, b *bench, _ string) (*figures.Figures, error) {
	if err := k.make(ctx, b); err != nil {
		return nil, err
	}
	return b.startAndAsk(ctx, k.stopped, (*process).stop)
}

func (k *kept) afterKill(ctx context.Context, b *bench, _ string) (*figures.Figures, error) {
	if err := k.make(ctx, b); err != nil {
		return nil, err
	}
	journal, err := k.killUnderLoad(ctx, b)
	if err != nil {
		return nil, err
	}
	f, err := b.startAndAsk(ctx, k.killed, (*process).kill)
	if f != nil {
		f.Journal = journal
	}
	return f, err
}

// startAndAsk times a start, and the first page after it.
func (b *bench) startAndAsk(
	ctx context.Context, folder string, end func(*process) error,
) (f *figures.Figures, err error) {
	s, err := b.start(ctx, verbatim, folder, anyPort)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end(end)) }()
	page, err := firstAnswer(ctx, "http://"+s.addr+"/api/conversations")
	return &figures.Figures{Start: s.took.Seconds(), Page: ms(page)}, err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// firstAnswer times a request over a connection of its own, which must be answered with a page of conversations.
func firstAnswer(ctx context.Context, url string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	began := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	took := time.Since(began)
	if err == nil && (answer.StatusCode != http.StatusOK || strings.Count(string(body), `"last":`) != 50) {
		err = fmt.Errorf("%s: %s, and not 50 conversations: %.100q", url, answer.Status, body)
	}
	return took, err
}

// fullAt is the journal's bytes when it is full: ten of the eleven segments that may be in use. Where checkpoints
// free it before that, it is as full as it gets when it is nearly as full again as it ever was.
const fullAt = 160 << 20

// killUnderLoad kills a server whose journal is full, by kill -9, and returns how full it was, in MB.
func (k *kept) killUnderLoad(ctx context.Context, b *bench) (journal float64, err error) {
	s, err := b.start(ctx, verbatim, k.killed, anyPort)
	if err != nil {
		return 0, err
	}
	load := exec.CommandContext(ctx, b.program("generate"), "-addr", s.addr, "-pid", fmt.Sprint(s.pid()),
		"-work", "acks", "-window", "4096", "-rooms", fmt.Sprint(k.conversations), "-duration", "5m")
	if err := load.Start(); err != nil {
		return 0, errors.Join(err, s.end((*process).kill))
	}
	defer func() { // the server is gone: so is the load, soon
		_ = load.Process.Kill()
		_ = load.Wait()
	}()
	defer func() { err = errors.Join(err, s.end((*process).kill)) }()

	began := time.Now()
	highest := 0.0
	for ctx.Err() == nil {
		page, err := metrics.Read(ctx, s.addr)
		if err != nil {
			return 0, fmt.Errorf("%w%s", err, s.said())
		}
		journal = page["verbatim_journal_bytes"]
		highest = max(highest, journal)
		took := time.Since(began)
		if journal >= fullAt || took > k.patience/2 && journal > 0.95*highest || took > k.patience {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return journal / (1 << 20), ctx.Err()
}
