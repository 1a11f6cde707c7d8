package disk

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"

	"verbatim/persistence"
	"verbatim/persistence/journal"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// The catalogue is how each conversation stood at the last checkpoint: what a start needs to know of it without opening
// its transcript. It also says from which segment on the journal counts: older ones are folded into the transcripts,
// whatever a crash has left of them.
//
//	"VbC1" · CRC-32C of all that follows 4 · first segment 8 · count 8 · entries
//
// It is a cache: where it is missing or wrong, transcripts and journal say the same.
const catalogueMagic = "VbC1"

type catalogue struct {
	floor   uint64 // the first segment that counts
	entries []catalogued
}

type catalogued struct {
	id   protocol.ConversationID
	tail persistence.Tail
	size int64
}

var crcTable = crc32.MakeTable(crc32.Castagnoli)

var errNoCatalogue = errors.New("catalogue: it is not whole")

func cataloguePath(dir string) string { return filepath.Join(dir, "catalogue") }

func (c *catalogue) encode() []byte {
	dst := make([]byte, 8, 64+128*len(c.entries))
	copy(dst, catalogueMagic)
	dst = binary.LittleEndian.AppendUint64(dst, c.floor)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(c.entries)))
	for i := range c.entries {
		e := &c.entries[i]
		dst = journal.AppendText(dst, e.id)
		dst, _ = hex.AppendDecode(dst, []byte(e.tail.Log))
		dst, _ = hex.AppendDecode(dst, e.tail.Sum[:])
		dst = binary.AppendUvarint(dst, uint64(e.tail.Last))
		dst = binary.AppendUvarint(dst, uint64(e.tail.Time))
		dst = binary.AppendUvarint(dst, uint64(e.size))
	}
	binary.LittleEndian.PutUint32(dst[4:], crc32.Checksum(dst[8:], crcTable))
	return dst
}

func decodeCatalogue(b []byte) (*catalogue, error) {
	if len(b) < 24 || string(b[:4]) != catalogueMagic || crc32.Checksum(b[8:], crcTable) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, errNoCatalogue
	}
	c := &catalogue{floor: binary.LittleEndian.Uint64(b[8:])}
	n := binary.LittleEndian.Uint64(b[16:])
	if n > uint64(len(b)) {
		return nil, errNoCatalogue
	}
	cut := journal.Fields{B: b[24:]}
	c.entries = make([]catalogued, 0, n)
	for range n {
		var e catalogued
		e.id = protocol.ConversationID(cut.Text())
		e.tail.Log = protocol.LogID(hex.EncodeToString(cut.Take(16)))
		hex.Encode(e.tail.Sum[:], cut.Take(16))
		e.tail.Last, e.tail.Time = protocol.Seq(cut.Number()), protocol.Time(cut.Number())
		e.size = int64(cut.Number())
		if cut.Bad || !e.id.Valid() {
			return nil, errNoCatalogue
		}
		c.entries = append(c.entries, e)
	}
	return c, nil
}

// readCatalogue gives nil where there is none that can be trusted, and says whether there was one.
func readCatalogue(fsys vfs.FS, dir string) (c *catalogue, there bool, err error) {
	b, err := fsys.ReadFile(cataloguePath(dir))
	if vfs.Missing(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, true, fmt.Errorf("catalogue: %w", &vfs.FileError{Path: cataloguePath(dir), Err: err})
	}
	c, err = decodeCatalogue(b)
	if err != nil {
		return nil, true, nil
	}
	return c, true, nil
}

// writeCatalogue notes how all conversations stand, and that segments below floor are folded. What it says of a
// conversation is committed, and what of that is not synced into its transcript is in segments from floor on.
func (r *Record) writeCatalogue(floor uint64) error {
	all := r.conversations.all()
	c := catalogue{floor: floor, entries: make([]catalogued, 0, len(all))}
	for _, conv := range all {
		tail, size, _ := conv.snapshot()
		if tail.Log == "" { // its transcript could not be read: each start looks again
			continue
		}
		c.entries = append(c.entries, catalogued{conv.id, tail, size})
	}
	if err := vfs.WriteAside(r.fs, cataloguePath(r.dir), c.encode()); err != nil {
		return fmt.Errorf("catalogue: write: %w", err)
	}
	if err := r.fs.SyncDir(r.dir); err != nil {
		return fmt.Errorf("catalogue: sync the folder: %w", err)
	}
	return nil
}
