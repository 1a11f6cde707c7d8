package disk

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"verbatim/persistence"
	"verbatim/persistence/recordtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheRecordKeepsItsPromises(t *testing.T) {
	recordtest.Run(t, func(t *testing.T) *recordtest.Bench {
		dir := t.TempDir()
		shift := time.Duration(0)
		opts := Options{Now: func() time.Time { return time.Now().Add(shift) }}
		r := open(t, dir, opts)
		b := &recordtest.Bench{Record: r}
		b.Reopen = func() persistence.Record {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r = open(t, dir, opts)
			return r
		}
		b.Forget = func() {
			shift += time.Hour
			r.evict()
		}
		return b
	})
}

// testSegment is enough: 16 MiB ahead, synced, for each of hundreds of records would keep a disk busy for minutes.
const testSegment = 1 << 20

// open opens a record, and closes it at the test's end.
func open(t testing.TB, dir string, opts Options) *Record {
	t.Helper()
	if opts.SegmentSize == 0 {
		opts.SegmentSize = testSegment
	}
	r, err := Open(context.Background(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}
