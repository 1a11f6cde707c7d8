package transcript

import "fmt"

// IntegrityError says that a transcript is not what it must be. Its conversation is refused; others go on.
type IntegrityError struct {
	Path string // of the file, perhaps with a line's number; "": the caller fills it in
	What string // what is wrong, in words for the person who must mend it
}

func (e *IntegrityError) Error() string {
	return fmt.Sprintf("transcript: %s is not whole: %s: run `verbatim verify`, and restore the file from a backup",
		e.Path, e.What)
}
