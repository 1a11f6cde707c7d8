package transcript

import (
	"fmt"
	"slices"
	"strings"

	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// Suffix ends the name of a transcript's file; before it is the conversation's id.
const Suffix = ".jsonl"

// List returns the conversations that have a file in dir, or something in its place, and, sorted, the names that are no
// transcript's. A folder that is not there is empty.
func List(fsys vfs.FS, dir string) (there map[protocol.ConversationID]bool, strangers []string, err error) {
	names, err := fsys.Names(dir)
	if vfs.Missing(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("transcripts: %w", &vfs.FileError{Path: dir, Err: err})
	}
	there = make(map[protocol.ConversationID]bool, len(names))
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, Suffix); ok && protocol.ConversationID(id).Valid() {
			there[protocol.ConversationID(id)] = true
		} else {
			strangers = append(strangers, name)
		}
	}
	slices.Sort(strangers)
	return there, strangers, nil
}
