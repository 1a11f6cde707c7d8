package disk

import (
	"errors"

	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// IDsOffline returns the conversations that a data directory has, sorted, whole or not; see Offline. Where what cannot be
// read leaves none, that is the error.
func IDsOffline(dir string) ([]protocol.ConversationID, error) { return idsOffline(vfs.OS{}, dir) }

func idsOffline(fsys vfs.FS, dir string) ([]protocol.ConversationID, error) {
	o, err := openOffline(fsys, dir)
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
