package inspect_test

import (
	"context"
	"fmt"
	"log"

	"verbatim/persistence/inspect"
	"verbatim/persistence/transcript"
)

// Verify checks a data directory and a receipt, beside a running server or after a crash.
func ExampleVerify() {
	receipt, err := transcript.ParseReceipt("lobby:58:0123456789abcdef0123456789abcdef") // conversation, seq, and an ack's sum
	if err != nil {
		log.Fatal(err)
	}
	report := func(found inspect.Finding) {
		if found.Err != nil {
			fmt.Printf("%s:%d: %v\n", found.File, found.Line, found.Err)
			return
		}
		fmt.Printf("%s has %d entries; the last sum is %s\n", found.ID, found.Entries, found.Last)
	}
	if err := inspect.Verify(context.Background(), "./data", []transcript.Receipt{receipt}, report, nil); err != nil {
		log.Fatal(err) // something is not whole, or the receipt does not fit
	}
}

// Lines reads one transcript without a server, as its file would be after a start.
func ExampleLines() {
	err := inspect.Lines("./data", "lobby", func(line []byte) error {
		_, err := fmt.Printf("%s\n", line)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}
