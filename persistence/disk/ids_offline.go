package disk

import "verbatim/protocol"

// IDsOffline gives the conversations that a data directory has, sorted, whole or not; see Offline.
func IDsOffline(dir string) ([]protocol.ConversationID, error) {
	o, err := OpenOffline(dir)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return o.all(nil), nil
}
