package main

import "time"

// suite is a set of tests that one command runs.
type suite struct {
	name, about string
	tool        tool
}

// suites are what the gate runs, two at a time. Behind the types, what takes longest comes first, so that
// they end together.
func suites() []suite {
	const page, reporter = 30 * time.Minute, "scripts/gate/reporter.mjs"
	return []suite{
		{"web-check", "TypeScript: types",
			program{argv: []string{"npm", "--prefix", "web", "run", "--silent", "check"}, timeout: page}},
		{"web-browser", "vitest: stories of the page in Chromium against the real server",
			vitest{root: "web", config: "vitest.browser.config.ts", reporter: reporter, stories: true, timeout: page}},
		{"unit", "Go: all packages but those below, with the race detector",
			goTests{packages: []string{"./..."}, but: []string{"e2e", "scripts/drills", "simulation"}, race: true,
				timeout: 10 * time.Minute}},
		{"e2e", "Go: the promises on the real binary, with Redis, strace, wscat, kill -9 and the race detector",
			goTests{packages: []string{"./e2e"}, stories: true, timeout: 30 * time.Minute}},
		{"simulation", "Go: lives of the server on a disk, a time and a scheduler drawn from seeds",
			goTests{packages: []string{"./simulation"}, timeout: 30 * time.Minute}},
		{"web-client", "vitest: the packed client against the real server, in Node and in Chromium",
			vitest{root: "web", config: "client/vitest.real.config.ts", reporter: reporter, stories: true,
				timeout: page}},
		{"drills", "Go: all fault drills in their short form",
			goTests{packages: []string{"./scripts/drills"}, stories: true, timeout: 30 * time.Minute}},
		{"web-unit", "vitest: the client and the page without a browser",
			vitest{root: "web", config: "vite.config.ts", reporter: reporter, timeout: page}},
	}
}
