package vfs

import (
	"errors"
	"io"
	"io/fs"
)

// ReadFull reads len(p) bytes at off. Fewer are io.ErrUnexpectedEOF.
func ReadFull(f io.ReaderAt, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// WriteFull writes all of p at off. A short write is io.ErrShortWrite.
func WriteFull(f io.WriterAt, p []byte, off int64) error {
	n, err := f.WriteAt(p, off)
	if err == nil && n < len(p) {
		return io.ErrShortWrite
	}
	return err
}

// Missing reports whether an error says that there is nothing at a path.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
