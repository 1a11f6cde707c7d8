package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// proxies lets connections stand idle behind real reverse proxies for longer than any of them does by default (a
// minute). The end-to-end suite has the proxies and their stories; this has the time, so it has no short form.
var proxies = drill{
	name: "proxies", longOnly: true,
	about: "sockets silent for two minutes, and polls of a minute, " +
		"behind nginx, Caddy and haproxy as docs/operating/proxy sets them up",
	run: func(r *run) error {
		const silence = 125 * time.Second
		cmd := exec.CommandContext(r.ctx, "go", "test", "./e2e", "-count=1", "-v",
			"-run", "^TestBehindEachProxy$/./^an_idle_socket", "-args", "-idle", silence.String())
		cmd.Env = append(os.Environ(), "VERBATIM_BINARY="+r.binary)
		r.say("3 proxies, silent for %v", silence)
		out, err := cmd.CombinedOutput()
		if err != nil {
			r.miss("connections do not last behind a proxy: %v\n%s", err, out[max(0, len(out)-3000):])
			return errBroken
		}
		for _, proxy := range []string{"nginx", "caddy", "haproxy"} {
			if !strings.Contains(string(out), "--- PASS: TestBehindEachProxy/"+proxy+"/an_idle_socket") {
				return fmt.Errorf("nothing was tried behind %s:\n%s", proxy, out)
			}
		}
		r.count("3 proxies, 2 sockets each silent for %v, a poll of 1m0s each", silence)
		return nil
	},
}
