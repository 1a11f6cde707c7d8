package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"verbatim/persistence/vfs"
)

// A segment is one file of the journal: blocks, each starting at a multiple of 4 KiB, and zeros after the last.
// Block 0, the head, says which other segments are live and up to where each is valid; the others hold one
// committed group each. A block is written once and never touched again.
//
//	magic 4 · CRC-32C of all that follows 4 · length of the payload 4 · zero 4 · segment 8 · block 8 · payload
const (
	SegmentSize = 16 << 20 // bytes, as it is preallocated; tests make smaller ones
	BlockAlign  = 4096     // bytes: no sector or page of an acked block is ever written again
	BlockHead   = 32       // bytes before the payload
	blockMagic  = "VbJ1"

	Suffix = ".journal"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A segment of the running journal. Its number, path and file are fixed; used is the committer's.
type Segment struct {
	number uint64
	path   string
	file   vfs.File // nil once nothing is written to it any more
	used   int64    // up to where it is valid: synced, and acked or about to be
	block  uint64
}

func SegmentPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%012d%s", number, Suffix))
}

// segmentNumber reads a segment's number off its name.
func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, Suffix)
	if !ok || len(digits) != 12 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0
}

// beginBlock reserves a block's head in dst; what is appended after it is the payload.
func beginBlock(dst []byte) []byte {
	var head [BlockHead]byte
	return append(dst, head[:]...)
}

// endBlock fills the head of the block that begins at start, and pads it.
func endBlock(dst []byte, start int, number, block uint64) []byte {
	b := dst[start:]
	copy(b, blockMagic)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(b)-BlockHead))
	binary.LittleEndian.PutUint64(b[16:], number)
	binary.LittleEndian.PutUint64(b[24:], block)
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	pad := (BlockAlign - len(b)%BlockAlign) % BlockAlign
	return append(dst, zeros[:pad]...)
}

var zeros [1 << 20]byte

// readBlock returns the payload of the block at the start of b, and the size that it takes. It reports whether a whole
// block of that segment is there.
func readBlock(b []byte, number uint64) (payload []byte, block uint64, size int, ok bool) {
	if len(b) < BlockHead || string(b[:4]) != blockMagic {
		return nil, 0, 0, false
	}
	n := int(binary.LittleEndian.Uint32(b[8:]))
	if n > len(b)-BlockHead || binary.LittleEndian.Uint64(b[16:]) != number {
		return nil, 0, 0, false
	}
	b = b[:BlockHead+n]
	if crc32.Checksum(b[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, 0, 0, false
	}
	size = (len(b) + BlockAlign - 1) / BlockAlign * BlockAlign
	return b[BlockHead:], binary.LittleEndian.Uint64(b[24:]), size, true
}

// restoreAdvice is what a person should do about a damaged journal.
const restoreAdvice = "restore the data directory from a backup, or ask for help before you remove anything"

// DamageError is a part of the journal that is not as it must be, and that no crash explains.
type DamageError struct {
	Path   string
	offset int64
	what   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("journal: %s %s", e.Path, e.Text())
}

// Text is the error without the path.
func (e *DamageError) Text() string {
	return fmt.Sprintf("at offset %d: %s: %s", e.offset, e.what, restoreAdvice)
}

// unknownEnd is the limit of a segment that no later one speaks of.
const unknownEnd = -1

// scanSegment visits the payloads of a segment's blocks, the head left out. It ends at limit, before which every
// block must be whole; with unknownEnd, at the first one that is not: a torn tail. Only the last write can be torn,
// and a write is one block, so a whole block beyond a broken one is damage.
func scanSegment(
	content []byte, number uint64, path string, limit int64, visit func(at int64, payload []byte) error,
) (valid int64, err error) {
	end := int64(len(content))
	if limit != unknownEnd {
		if limit > end {
			return 0, &DamageError{path, end, fmt.Sprintf("it ends here, and %d bytes of it were committed", limit)}
		}
		end = limit
	}
	at := int64(0)
	for next := uint64(0); at < end; next++ {
		payload, block, size, ok := readBlock(content[at:], number)
		if !ok || block != next {
			if limit != unknownEnd {
				return at, &DamageError{path, at, "a committed block is not whole"}
			}
			return at, checkTail(content, at, number, path)
		}
		if next > 0 {
			if err := visit(at, payload); err != nil {
				return at, err
			}
		}
		at = min(at+int64(size), end) // a file that was cut within the padding
	}
	return at, nil
}

// checkTail makes sure that no whole block is beyond a torn one.
func checkTail(content []byte, torn int64, number uint64, path string) error {
	for at := torn + BlockAlign; at < int64(len(content)); at += BlockAlign {
		if !bytes.HasPrefix(content[at:], []byte(blockMagic)) {
			continue
		}
		if _, _, _, ok := readBlock(content[at:], number); ok {
			return &DamageError{path, torn, fmt.Sprintf("a block is not whole, and a later one, at %d, is", at)}
		}
	}
	return nil
}

// readSegment reads a segment as a whole into buf, which it may replace by a larger one.
func readSegment(f vfs.File, buf []byte) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return buf[:0], err
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	n, err := f.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return buf[:0], err
	}
	return buf[:n], nil
}
