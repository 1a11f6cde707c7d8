package datadir

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// FuzzCatalogue: whatever is in the catalogue's file, reading it ends, and what it accepts is written as it was.
func FuzzCatalogue(f *testing.F) {
	end := transcript.End{Log: protocol.LogID(bytes.Repeat([]byte("a"), transcript.SumLen)), Last: 1, Time: 1}
	copy(end.Sum[:], end.Log)
	c := Catalogue{Floor: 3, Entries: []Standing{{"lobby", end, 400}}}
	f.Add(c.Encode())
	f.Add((&Catalogue{}).Encode())
	f.Add([]byte(catalogueMagic))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) >= 8 { // else the checksum keeps the fuzzer out
			content = bytes.Clone(content)
			copy(content, catalogueMagic)
			binary.LittleEndian.PutUint32(content[4:], crc32.Checksum(content[8:], crcTable))
		}
		c, err := decodeCatalogue(content)
		if err != nil {
			return
		}
		again, err := decodeCatalogue(c.Encode())
		if err != nil || again.Floor != c.Floor || len(again.Entries) != len(c.Entries) {
			t.Fatalf("%+v is written, and read as %+v, %v", c, again, err)
		}
		for i := range c.Entries {
			if c.Entries[i] != again.Entries[i] {
				t.Errorf("%+v is written, and read as %+v", c.Entries[i], again.Entries[i])
			}
		}
	})
}
