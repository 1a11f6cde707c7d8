// Package datadir is what is in a data directory beside journal, transcripts and marks: the format file, which says
// whose directory it is, and the catalogue, which says how each conversation stood at the last checkpoint.
package datadir

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"

	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

const catalogueMagic = "VbC1"

// Catalogue is how each conversation stood at the last checkpoint: what a start needs to know of it without opening its
// transcript. It also says from which segment on the journal counts: older ones are folded into the transcripts,
// whatever a crash has left of them.
//
//	"VbC1" · CRC-32C of all that follows 4 · first segment 8 · count 8 · entries
//
// It is a cache: if it is missing or damaged, transcripts and journal say the same.
type Catalogue struct {
	Floor   uint64 // the first segment that counts
	Entries []Standing
}

// Standing is how one conversation stood.
type Standing struct {
	ID   protocol.ConversationID
	End  transcript.End
	Size int64 // of its transcript, in bytes
}

var crcTable = crc32.MakeTable(crc32.Castagnoli)

var errNoCatalogue = errors.New("catalogue: it is not whole")

// CataloguePath returns where a data directory's catalogue is.
func CataloguePath(dir string) string { return filepath.Join(dir, "catalogue") }

// Encode returns what is in the catalogue's file.
func (c *Catalogue) Encode() []byte {
	dst := make([]byte, 8, 64+128*len(c.Entries))
	copy(dst, catalogueMagic)
	dst = binary.LittleEndian.AppendUint64(dst, c.Floor)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(c.Entries)))
	for i := range c.Entries {
		e := &c.Entries[i]
		dst = journal.AppendText(dst, e.ID)
		dst, _ = hex.AppendDecode(dst, []byte(e.End.Log))
		dst, _ = hex.AppendDecode(dst, e.End.Sum[:])
		dst = binary.AppendUvarint(dst, uint64(e.End.Last))
		dst = binary.AppendUvarint(dst, uint64(e.End.Time))
		dst = binary.AppendUvarint(dst, uint64(e.Size))
	}
	binary.LittleEndian.PutUint32(dst[4:], crc32.Checksum(dst[8:], crcTable))
	return dst
}

func decodeCatalogue(b []byte) (*Catalogue, error) {
	if len(b) < 24 || string(b[:4]) != catalogueMagic ||
		crc32.Checksum(b[8:], crcTable) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, errNoCatalogue
	}
	c := &Catalogue{Floor: binary.LittleEndian.Uint64(b[8:])}
	n := binary.LittleEndian.Uint64(b[16:])
	if n > uint64(len(b)) {
		return nil, errNoCatalogue
	}
	cut := journal.Fields{B: b[24:]}
	c.Entries = make([]Standing, 0, n)
	for range n {
		var e Standing
		e.ID = protocol.ConversationID(cut.Text())
		e.End.Log = protocol.LogID(hex.EncodeToString(cut.Take(16)))
		hex.Encode(e.End.Sum[:], cut.Take(16))
		e.End.Last, e.End.Time = protocol.Seq(cut.Number()), protocol.Time(cut.Number())
		e.Size = int64(cut.Number())
		if cut.Bad || !e.ID.Valid() {
			return nil, errNoCatalogue
		}
		c.Entries = append(c.Entries, e)
	}
	return c, nil
}

// ReadCatalogue reads a data directory's catalogue. It returns nil if there is none that can be trusted, and reports
// whether there is a file.
func ReadCatalogue(fsys vfs.FS, dir string) (c *Catalogue, there bool, err error) {
	b, err := fsys.ReadFile(CataloguePath(dir))
	if vfs.Missing(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, true, fmt.Errorf("catalogue: %w", &vfs.FileError{Path: CataloguePath(dir), Err: err})
	}
	c, err = decodeCatalogue(b)
	if err != nil {
		return nil, true, nil
	}
	return c, true, nil
}

// Write replaces the catalogue, and syncs its folder.
func (c *Catalogue) Write(fsys vfs.FS, dir string) error {
	if err := vfs.WriteAside(fsys, CataloguePath(dir), c.Encode()); err != nil {
		return fmt.Errorf("catalogue: write: %w", err)
	}
	if err := fsys.SyncDir(dir); err != nil {
		return fmt.Errorf("catalogue: sync the folder: %w", err)
	}
	return nil
}
