package transcript_test

import (
	"bytes"
	"fmt"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// A transcript is written line by line, and each line's sum covers all lines before it. Chained refuses a line that was
// changed.
func Example() {
	const id protocol.ConversationID = "lobby"
	wire := `{"type":"message","conversation":"lobby","seq":1,"from":"ann","time":"2026-11-24T12:00:00.000000Z","text":"hi","log":"` +
		theLog + `"}`
	file, sum := transcript.AppendLogLine(nil, id, theLog, 0)
	file, _ = transcript.AppendEntryLine(file, []byte("AAAAAAAAAAAAAAAAAAAAAA"+wire), sum)

	check := func(file []byte) error {
		next := transcript.Chained(new(transcript.Walk), id, "lobby.jsonl", func([]byte) error { return nil })
		for line := range bytes.Lines(file) {
			if err := next(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Println(check(file))
	fmt.Println(check(bytes.Replace(file, []byte(`"hi"`), []byte(`"ho"`), 1)) != nil)
	// Output:
	// <nil>
	// true
}

const theLog = "0123456789abcdef0123456789abcdef"
