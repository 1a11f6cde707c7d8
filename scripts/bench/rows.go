package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// rows is the table of what is measured, and its targets. The first ones are those that the plots show.
func rows(o *options) (all []*row) {
	s := sizeOf(o)
	for _, some := range [][]*row{
		fanOut(s), latencies(s), sockets(s), record(s), starts(s), storms(s), restarts(s), requests(s), growths(s),
	} {
		all = append(all, some...)
	}
	return all
}

// choose returns the rows whose title -rows matches.
func choose(o *options) (chosen []*row) {
	for _, r := range rows(o) {
		if o.rows.MatchString(r.title) || o.rows.MatchString(strings.ReplaceAll(r.title, "×", "x")) {
			chosen = append(chosen, r)
		}
	}
	return chosen
}

// missingPart refuses rows that cannot work, before anything is measured.
func missingPart(rows []*row) error {
	for _, r := range rows {
		if !r.redis {
			continue
		}
		if _, err := exec.LookPath("redis-server"); err != nil {
			return fmt.Errorf("the row %q needs redis-server, and it is not installed: "+
				"apt-get install redis-server, or choose other rows with -rows", r.title)
		}
	}
	return nil
}
