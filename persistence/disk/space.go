package disk

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// readOnly is ST_RDONLY of statfs(2), a mount's flag as well as a file system's.
const readOnly = 1

// Space is FileSystem's. Root may use what a file system keeps for root.
func (osFS) Space(dir string) (free int64, err error) {
	var stat unix.Statfs_t
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Statfs(dir, &stat)
	}
	if err != nil {
		return 0, fmt.Errorf("ask the file system of %s: %w", dir, err)
	}
	blocks := stat.Bavail
	if os.Geteuid() == 0 {
		blocks = stat.Bfree
	}
	switch {
	case stat.Flags&readOnly != 0:
		return 0, fmt.Errorf("write below %s: %w", dir, unix.EROFS)
	case stat.Files > 0 && stat.Ffree == 0:
		return 0, fmt.Errorf("make a file below %s: %w", dir, unix.ENOSPC)
	case stat.Blocks == 0: // it does not say
		return math.MaxInt64, nil
	default:
		return int64(min(blocks, math.MaxInt64/uint64(stat.Bsize)) * uint64(stat.Bsize)), nil
	}
}

// room is whether the file systems under the journal and the transcripts take anything. It is asked for when somebody
// wants to know whether the record is ready: one that was made read-only, or is full, is known before a send meets it.
type room struct {
	fs                   FileSystem
	journal, transcripts string
	log                  zerolog.Logger
	often                time.Duration // the least time between two looks

	looking sync.Mutex // held while the file systems are asked: who meanwhile comes gets what was found before

	mu sync.Mutex
	// Guarded by mu.
	looked time.Time
	found  error // why nothing can be written; nil: it can
}

// state returns why nothing can be written, or nil.
func (m *room) state() error {
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
func (m *room) look() error {
	if _, err := m.fs.Space(m.journal); errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("journal: %w", advised(err))
	}
	free, err := m.fs.Space(m.transcripts)
	if err == nil && free == 0 {
		err = fmt.Errorf("write below %s: %w", m.transcripts, syscall.ENOSPC)
	}
	if err != nil {
		return fmt.Errorf("transcripts: %w", advised(err))
	}
	return nil
}

func (m *room) note(found error) {
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
