package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Packages of tests.
const (
	passes = "package p\n\nimport \"testing\"\n\nfunc TestPasses(t *testing.T) {}\n"
	fails  = "package p\n\nimport \"testing\"\n\nfunc TestFails(t *testing.T) { t.Error(\"as it should\") }\n"
	subs   = `package p

import "testing"

func TestSubs(t *testing.T) {
	t.Run("one", func(t *testing.T) {})
	t.Run("two", func(t *testing.T) { t.Error("two of three") })
	t.Run("three", func(t *testing.T) { t.Skip("for want of something") })
}

func TestItself(t *testing.T) {
	t.Run("one", func(t *testing.T) {})
	t.Error("not the subtest")
}
`
)

// lucky is a package of tests that pass when they run for the nth time.
func lucky(n int, names ...string) string {
	text := "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\n" +
		"func at(t *testing.T, n int) {\n\tseen, _ := os.ReadFile(t.Name())\n\tif os.WriteFile(t.Name(), " +
		"append(seen, '.'), 0o600); len(seen)+1 < n {\n\t\tt.Errorf(\"%s: not yet\", t.Name())\n\t}\n}\n"
	for _, name := range names {
		text += fmt.Sprintf("\nfunc %s(t *testing.T) { at(t, %d) }\n", name, n)
	}
	return text
}

// module makes a Go module of packages with one test file each.
func module(t *testing.T, packages map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module tiny\n\ngo 1.26\n")
	for name, text := range packages {
		write(t, filepath.Join(dir, name, "p_test.go"), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ran is what a run of the gate came to.
type ran struct {
	t    *testing.T
	code int
	out  string
}

// runs runs the gate over a module's packages; stories are those of a suite of its own.
func runs(t *testing.T, packages map[string]string, stories ...string) ran {
	t.Helper()
	dir := module(t, packages)
	var all []suite
	for _, name := range stories {
		story := goTests{dir: dir, packages: []string{"./" + name}, stories: true, timeout: time.Minute}
		all = append(all, suite{name: name, tool: story})
	}
	if len(stories) < len(packages) {
		unit := goTests{dir: dir, packages: []string{"./..."}, but: stories, timeout: time.Minute}
		all = append(all, suite{name: "unit", tool: unit})
	}
	return runsSuites(t, all)
}

// packagesOf are all packages of a module.
func packagesOf(dir string, stories bool) goTests {
	return goTests{dir: dir, packages: []string{"./..."}, stories: stories, timeout: time.Minute}
}

func runsSuites(t *testing.T, all []suite) ran {
	t.Helper()
	var out bytes.Buffer
	g := &gate{out: &printer{w: &out}}
	code := g.all(t.Context(), all)
	return ran{t, code, out.String()}
}

func (r ran) closes(code int, last string) {
	r.t.Helper()
	lines := strings.Split(strings.TrimRight(r.out, "\n"), "\n")
	if got := lines[len(lines)-1]; got != last || r.code != code {
		r.t.Errorf("got %q and exit code %d, want %q and %d; all of it:\n%s", got, r.code, last, code, r.out)
	}
}

// tells holds each pattern to a line of its own.
func (r ran) tells(patterns ...string) {
	r.t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)" + p).MatchString(r.out) {
			r.t.Errorf("no line matches %q:\n%s", p, r.out)
		}
	}
}

func (r ran) tellsNot(pattern string) {
	r.t.Helper()
	if regexp.MustCompile("(?m)" + pattern).MatchString(r.out) {
		r.t.Errorf("a line matches %q:\n%s", pattern, r.out)
	}
}

func TestTheClosingLineCountsEachTestOnceAndNoParent(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{"a": passes, "b": fails, "c": subs})
	r.closes(1, "3 passed, 3 failed")
	r.tells(`^    .*as it should$`, `^  unit +tiny/c TestSubs/three$`, `^  unit +tiny/c TestSubs/two$`,
		`^  unit +tiny/c TestItself$`, `^ok   unit +tiny/a \(1 in .* s\)$`,
		`^The slowest 7 tests:$`, `^ .* s  unit +3 passed, 3 failed, .* s of processors$`)
	r = runs(t, map[string]string{"a": passes})
	r.closes(0, "1 passed, 0 failed")
}

func TestAStoryThatPassesWhenRunAgainIsFlakyByName(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{
		"story": lucky(2, "TestSecond") + "\nfunc TestFirst(t *testing.T) {}\n",
		"late":  lucky(3, "TestThird"),
	}, "story", "late")
	r.closes(0, "3 passed, 0 failed")
	r.tells(`^Flaky, `, `^  story +tiny/story TestSecond \(passed at try 2\)$`,
		`^  late +tiny/late TestThird \(passed at try 3\)$`)
	r.tellsNot(`^Failed`)
}

func TestAStoryIsRunAgainTwiceAndNoMore(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{"story": lucky(4, "TestFourth")}, "story")
	r.closes(1, "0 passed, 1 failed")
	r.tells(`^Failed:\n  story +tiny/story TestFourth$`)
	r.tellsNot(`^Flaky`)
}

func TestThreeFlakyNamesAreAllowedAndFourAreNot(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{"story": lucky(2, "TestA", "TestB", "TestC")}, "story")
	r.closes(0, "3 passed, 0 failed")
	r = runs(t, map[string]string{
		"story": lucky(2, "TestA", "TestB", "TestC") + "\nfunc TestFine(t *testing.T) {}\n",
		"other": lucky(2, "TestD"),
	}, "story", "other")
	r.closes(1, "1 passed, 4 failed")
	r.tells(`^  story +tiny/story TestA `, `^  story +tiny/story TestB `, `^  story +tiny/story TestC `,
		`^  other +tiny/other TestD `, `^More than 3 are flaky`)
}

func TestAUnitTestThatFailsOnceHasFailed(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{"a": lucky(2, "TestSecond"), "b": passes})
	r.closes(1, "1 passed, 1 failed")
	r.tellsNot(`^Flaky|, try `)
}

func TestOnlyTheMarkedFilesOfAPackageAreStories(t *testing.T) {
	t.Parallel()
	dir := module(t, map[string]string{"mixed": storyMark + " it kills\n\n" + lucky(2, "TestMarked")})
	write(t, filepath.Join(dir, "mixed", "unit_test.go"), "package p\n\nimport \"testing\"\n\n// "+storyMark+
		" is above no package clause here\nfunc TestPlain(t *testing.T) { at(t, 2) }\n")
	r := runsSuites(t, []suite{{name: "unit", tool: packagesOf(dir, false)}})
	r.closes(1, "1 passed, 1 failed")
	r.tells(`^  unit +tiny/mixed TestMarked \(passed at try 2\)$`, `^Failed:\n  unit +tiny/mixed TestPlain$`)
}

func TestAPackageThatDoesNotBuildOrCrashesFailsAndIsNotRunAgain(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{
		"story":   "package p\n\nvar x int = \"no\"\n",
		"crashes": "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestA(t *testing.T) { os.Exit(1) }\n",
		"panics":  "package p\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { panic(\"no\") }\n",
		"main": "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestA(t *testing.T) {}\n\n" +
			"func TestMain(m *testing.M) { m.Run(); os.Exit(1) }\n",
	}, "story", "crashes", "panics", "main")
	r.closes(1, "1 passed, 5 failed") // the package that panics, and the test that did
	r.tells(`^  story +tiny/story did not build$`, `cannot use "no"`, `^  crashes +tiny/crashes crashed in TestA$`,
		`^  panics +tiny/panics crashed`, `^  main +tiny/main failed, though none of its tests did$`)
	r.tellsNot(`, try `)
}

// The program under test, too, crashes and races by no luck of its tests.
func TestAStoryThatTellsOfACrashOrARaceOfTheProgramIsNotRunAgain(t *testing.T) {
	t.Parallel()
	for what, said := range map[string]string{
		"crashed":         "panic: runtime error: index out of range [3] with length 3",
		"crashed by Go":   "fatal error: concurrent map writes",
		"has a data race": "WARNING: DATA RACE",
	} {
		story := fmt.Sprintf("package p\n\nimport \"testing\"\n\n"+
			"func TestA(t *testing.T) { t.Errorf(\"the server said this:\\n%%s\", %q) }\n", said)
		r := runs(t, map[string]string{"story": story}, "story")
		r.tells(`^  story +tiny/story ` + strings.TrimSuffix(what, " by Go") + `$`)
		r.tellsNot(`, try `)
	}
}

func TestAStoryPackageThatTimesOutIsRunAgainAsAWhole(t *testing.T) {
	t.Parallel()
	hangs := "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\n" +
		"func TestHangs(t *testing.T) {\n\tif os.Mkdir(\"seen\", 0o700) == nil {\n\t\t<-make(chan int)\n\t}\n}\n\n" +
		"func TestAfter(t *testing.T) {}\n"
	for stories, want := range map[bool]string{true: "2 passed, 0 failed", false: "0 passed, 1 failed"} {
		dir := module(t, map[string]string{"a": hangs})
		tests := packagesOf(dir, stories)
		tests.timeout = 5 * time.Second
		r := runsSuites(t, []suite{{name: "s", tool: tests}})
		code := 1
		if stories {
			code = 0
			r.tells(`^  s +tiny/a, which timed out \(passed at try 2\)$`)
		}
		r.closes(code, want)
	}
}

func TestASuiteThatRunsNoTestFails(t *testing.T) {
	t.Parallel()
	r := runs(t, map[string]string{"a": passes, "empty": "package p\n"}, "empty")
	r.closes(1, "1 passed, 1 failed")
	r.tells(`^  empty +ran no test at all$`)
	r = runs(t, map[string]string{"a": "package p\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { t.Skip() }\n"})
	r.closes(1, "0 passed, 1 failed")
}

func TestWhatFailsAgainAndAgainIsNotTriedForever(t *testing.T) {
	t.Parallel()
	names := []string{"TestA", "TestB", "TestC", "TestD", "TestE", "TestF", "TestG", "TestH", "TestI", "TestJ"}
	r := runs(t, map[string]string{"story": lucky(2, names...)}, "story")
	r.closes(1, "0 passed, 10 failed")
	if n := strings.Count(r.out, ", try 2 of"); n != maxAgain {
		t.Errorf("%d of 10 failures ran again, want %d", n, maxAgain)
	}
}

func TestRepeatCountsEachFailureAndRunsNothingAgain(t *testing.T) {
	t.Parallel()
	story := lucky(2, "TestSecond") + "\nfunc TestThird(t *testing.T) { at(t, 3) }\n"
	dir := module(t, map[string]string{"story": story})
	var out bytes.Buffer
	g := &gate{out: &printer{w: &out}}
	code := g.repeat(t.Context(), []suite{{name: "s", tool: packagesOf(dir, true)}}, 3)
	r := ran{t, code, out.String()}
	r.tells(`^==== s: run 1 of 3 FAILED in `, `^==== s: run 3 of 3 passed in `, `^s: 1 of 3 runs passed; `,
		`^  2 of 3 tiny/story TestThird\n  1 of 3 tiny/story TestSecond$`)
	if r.tellsNot(`, try `); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

// Each test waits for the other's file, so that suites in a row would have no end.
func TestTwoSuitesRunAtATimeAndWhatFailedRunsAgainAfterAll(t *testing.T) {
	t.Parallel()
	const meets = `package p

import (
	"os"
	"testing"
	"time"
)

func TestMeets(t *testing.T) {
	os.WriteFile("here", nil, 0o600)
	for os.Remove("../%s/here") != nil {
		time.Sleep(time.Millisecond)
	}
}
`
	dir := module(t, map[string]string{
		"a": fmt.Sprintf(meets, "b"), "b": fmt.Sprintf(meets, "a"), "lucky": lucky(2, "TestSecond"),
	})
	suiteOf := func(name string) suite {
		tests := packagesOf(dir, true)
		tests.packages = []string{"./" + name}
		return suite{name: name, tool: tests}
	}
	r := runsSuites(t, []suite{suiteOf("lucky"), suiteOf("a"), suiteOf("b")})
	r.closes(0, "3 passed, 0 failed")
	if again, met := strings.Index(r.out, ", try 2 of"), strings.Index(r.out, "ok   a"); again < met || met < 0 {
		t.Errorf("it ran again before the other suites had ended:\n%s", r.out)
	}
}

func TestAnInterruptedRunEndsWhatItStarted(t *testing.T) {
	t.Parallel()
	dir := module(t, map[string]string{"a": `package p

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

func TestHangs(t *testing.T) {
	cmd := exec.Command("sleep", "3600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	os.WriteFile("made", []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
	os.Rename("made", "pid")
	cmd.Wait()
}
`})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan ran)
	go func() { // ours: it ends with the gate's run
		var out bytes.Buffer
		g := &gate{out: &printer{w: &out}}
		code := g.all(ctx, []suite{{name: "s", tool: packagesOf(dir, false)}})
		ended <- ran{t, code, out.String()}
	}()
	pid := eventually(t, func() ([]byte, error) { return os.ReadFile(filepath.Join(dir, "a", "pid")) })
	cancel()
	r := <-ended
	if r.code != 130 {
		t.Errorf("exit code %d, want 130:\n%s", r.code, r.out)
	}
	r.tellsNot(`passed, `)
	eventually(t, func() (bool, error) {
		stat, err := os.ReadFile("/proc/" + string(pid) + "/stat")
		if err == nil && !strings.Contains(string(stat), ") Z ") {
			return false, fmt.Errorf("the test's child is still there: %s", stat)
		}
		return true, nil
	})
}

// eventually looks again and again, until there is no error.
func eventually[T any](t *testing.T, look func() (T, error)) T {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) { // between two looks
		got, err := look()
		if err == nil {
			return got
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func TestBusyLoopsEndWithTheirGate(t *testing.T) {
	loops, err := startBusyLoops(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range loops {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			t.Errorf("a loop does not run: %v %s", err, stat)
		}
	}
	loops.stop()
	for _, cmd := range loops {
		if cmd.ProcessState == nil {
			t.Errorf("process %d was not waited for", cmd.Process.Pid)
		}
	}
}

func TestSuitesAreChosenByNameAndAnUnknownOneIsRefused(t *testing.T) {
	chosen, err := choose(suites(), []string{"e2e", "unit"})
	if err != nil || len(chosen) != 2 || chosen[0].name != "e2e" {
		t.Errorf("got %v and %v", chosen, err)
	}
	if chosen, err := choose(suites(), nil); err != nil || len(chosen) != len(suites()) {
		t.Errorf("got %v and %v, want all", chosen, err)
	}
	if _, err := choose(suites(), []string{"e3e"}); err == nil || !strings.Contains(err.Error(), `"e3e"`) {
		t.Errorf("got %v, want that there is no e3e", err)
	}
}
