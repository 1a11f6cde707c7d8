package datadir

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/vfs"
)

// Space is whether the file systems under the journal and the transcripts take anything. It is asked when somebody
// wants to know whether the record is ready: one that was made read-only, or is full, is known before a send meets it.
type Space struct {
	fs                   vfs.FS
	journal, transcripts string
	log                  zerolog.Logger
	often                time.Duration // the least time between two looks

	looking sync.Mutex // held while the file systems are asked: who meanwhile comes gets what was found before

	mu sync.Mutex
	// Guarded by mu.
	looked time.Time
	found  error // why nothing can be written; nil: it can
}

// NewSpace returns a look at the file systems under two folders. Two looks are `often` apart at least.
func NewSpace(fs vfs.FS, journal, transcripts string, often time.Duration, log zerolog.Logger) *Space {
	return &Space{fs: fs, journal: journal, transcripts: transcripts, log: log, often: often}
}

// Err returns why nothing can be written, or nil.
func (m *Space) Err() error {
	if m.looking.TryLock() {
		defer m.looking.Unlock()
		m.mu.Lock()
		due := time.Since(m.looked) >= m.often
		m.mu.Unlock()
		if due {
			m.note(m.look())
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.found
}

// look asks. The journal's segments were made ahead, so that only the transcripts need room.
func (m *Space) look() error {
	if _, err := m.fs.Space(m.journal); errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("journal: %w", vfs.Advised(err))
	}
	free, err := m.fs.Space(m.transcripts)
	if err == nil && free == 0 {
		err = fmt.Errorf("write below %s: %w", m.transcripts, syscall.ENOSPC)
	}
	if err != nil {
		return fmt.Errorf("transcripts: %w", vfs.Advised(err))
	}
	return nil
}

func (m *Space) note(found error) {
	m.mu.Lock()
	before := m.found
	m.found, m.looked = found, time.Now()
	m.mu.Unlock()
	if found != nil && before == nil {
		m.log.Error().Err(found).Msg("the data directory takes nothing more: this server is not ready")
	} else if found == nil && before != nil {
		m.log.Info().Msg("the data directory takes more again")
	}
}
