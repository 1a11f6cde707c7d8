package main

import (
	"path/filepath"
	"testing"
	"time"
)

// web is a suite of one file of tests, run by the real Vitest. Its first lines count how often a test has begun.
func web(t *testing.T, stories bool, text string) suite {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "some.test.ts"), `import { appendFileSync, readFileSync } from 'node:fs';
const at = (name: string) => {
  const file = import.meta.dirname + '/' + name;
  appendFileSync(file, '.');
  return readFileSync(file, 'utf8').length;
};
`+text)
	return suite{name: "web", tool: vitest{
		root: "../../web", more: []string{"--root", dir, "--globals"}, reporter: "reporter.mjs",
		stories: stories, timeout: 10 * time.Minute,
	}}
}

func TestAWebStoryIsFlakyByNameAndAWebUnitTestHasFailed(t *testing.T) {
	t.Parallel()
	const text = `
describe('some (things)', () => {
  test('pass [at] once > or $ later', () => expect(at('b')).toBeGreaterThan(1));
  test('pass', () => {});
});
test('pass', () => {});
test.skip('are skipped', () => {});
`
	r := runsSuites(t, []suite{web(t, true, text)})
	r.closes(0, "3 passed, 0 failed")
	r.tells(`^  web +some.test.ts some \(things\) > pass \[at\] once > or \$ later \(passed at try 2\)$`)
	r = runsSuites(t, []suite{web(t, false, text)})
	r.closes(1, "2 passed, 1 failed")
	r.tells(`AssertionError: expected 1 to be greater than 1`, `at .*some.test.ts:9:`)
	r.tellsNot(`, try `)
}

func TestAWebFileThatDoesNotLoadAndAHookThatFailsAreFailures(t *testing.T) {
	t.Parallel()
	r := runsSuites(t, []suite{web(t, true, "import './nothing.ts';\ntest('a', () => {});\n")})
	r.closes(1, "0 passed, 1 failed")
	r.tells(`^  web +some.test.ts failed: the file$`)
	const hookFails = "beforeAll(() => { throw new Error('as it should'); });\ntest('a', () => {});\n"
	r = runsSuites(t, []suite{web(t, true, hookFails)})
	r.closes(1, "0 passed, 1 failed")
	const rejects = "test('a', () => { void Promise.reject(new Error('nobody catches it')); });\n"
	r = runsSuites(t, []suite{web(t, true, rejects)})
	r.closes(1, "1 passed, 1 failed")
	r.tellsNot(`, try `)
}

func TestAWebFileWhoseHookTimesOutIsRunAgain(t *testing.T) {
	t.Parallel()
	const hangs = "beforeAll(() => at('hook') > 1 ? undefined : new Promise(() => {}), 500);\ntest('a', () => {});\n"
	r := runsSuites(t, []suite{web(t, true, hangs)})
	r.closes(0, "1 passed, 0 failed")
	r.tells(`^  web +some.test.ts, which timed out \(passed at try 2\)$`)
}

func TestAWebSuiteThatRunsLongerThanItMayHasFailed(t *testing.T) {
	t.Parallel()
	s := web(t, true, "test('a', () => new Promise(() => {}), 3_600_000);\n")
	v := s.tool.(vitest)
	v.timeout = 5 * time.Second
	s.tool = v
	r := runsSuites(t, []suite{s})
	if r.code != 1 {
		t.Errorf("exit code %d, want 1:\n%s", r.code, r.out)
	}
	r.tells(`it took longer than 5s`)
	r.tellsNot(`, try `)
}
