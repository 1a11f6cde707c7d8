package disk

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"slices"

	"verbatim/persistence"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// encoder is where a Commit makes lines and frames, one run after another: what it keeps of them are copies without a
// byte to spare.
type encoder struct {
	now    protocol.Time // of the Commit
	time   protocol.Time // that stamp shows
	stamp  []byte        // as it is on the wire
	random []byte
	salts  []byte // made
	unused []byte // of salts
	salted []byte // a salt and the wire bytes after it
	lines  []byte
	frames []byte
	ends   []uint32
}

// saltsAtOnce is how many salts are made at once: the call to the system costs more than a salt.
const saltsAtOnce = 64

// clear begins a run of that time.
func (d *encoder) clear(t protocol.Time) {
	d.lines, d.frames, d.ends = d.lines[:0], d.frames[:0], d.ends[:0]
	if t != d.time || len(d.stamp) == 0 {
		d.time, d.stamp = t, t.Append(d.stamp[:0])
	}
}

// size is about what it keeps in memory.
func (d *encoder) size() int { return cap(d.lines) + cap(d.frames) + cap(d.salted) + cap(d.salts) }

// salt returns a new one: 128 random bits.
func (d *encoder) salt() (salt []byte) {
	if len(d.unused) == 0 {
		const n = 16
		d.random = slices.Grow(d.random[:0], n*saltsAtOnce)[:n*saltsAtOnce]
		d.salts = slices.Grow(d.salts[:0], transcript.SaltLen*saltsAtOnce)[:transcript.SaltLen*saltsAtOnce]
		_, _ = rand.Read(d.random) // never fails: crypto/rand ends the program instead
		for i := range saltsAtOnce {
			base64.RawURLEncoding.Encode(d.salts[i*transcript.SaltLen:], d.random[i*n:i*n+n])
		}
		d.unused = d.salts
	}
	salt, d.unused = d.unused[:transcript.SaltLen:transcript.SaltLen], d.unused[transcript.SaltLen:]
	return salt
}

// write adds an entry after the one with the sum `before`, and returns its own sum.
func (d *encoder) write(m *protocol.Message, before protocol.Sum) (sum protocol.Sum) {
	d.salted = m.AppendJSON(append(d.salted[:0], d.salt()...), d.stamp)
	d.lines, sum = transcript.AppendEntryLine(d.lines, d.salted, before)
	d.frames = protocol.AppendFrame(d.frames, d.salted[transcript.SaltLen:])
	d.ends = append(d.ends, uint32(len(d.frames)))
	return sum
}

// entries returns the entries as frames.
func (d *encoder) entries(first protocol.Seq) *persistence.Entries {
	return &persistence.Entries{First: first, Frames: bytes.Clone(d.frames), Ends: slices.Clone(d.ends), At: d.time}
}
