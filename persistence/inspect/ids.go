package inspect

import (
	"errors"

	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// IDs returns the conversations that a data directory has, sorted, whole or not. If what cannot be read leaves none,
// the error says so.
func IDs(dir string) ([]protocol.ConversationID, error) { return IDsOn(vfs.OS{}, dir) }

// IDsOn is IDs on another file system than the operating system's.
func IDsOn(fsys vfs.FS, dir string) ([]protocol.ConversationID, error) {
	o, err := OpenOn(fsys, dir)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	ids := o.all(nil)
	for _, l := range o.found {
		if l.Err != nil && len(ids) == 0 {
			return nil, errors.New(l.String())
		}
	}
	return ids, nil
}
