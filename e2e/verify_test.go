package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// twoConversations is a stopped server's folder with lobby (30 entries) and team (3), and lobby's last receipt.
func twoConversations(t *testing.T) (s *server, receipts []frame) {
	t.Helper()
	s = serve(t)
	ann := s.dial(t, "ann")
	for i := range 30 {
		receipts = append(receipts, ann.send("lobby", fmt.Sprintf("c%d", i), fmt.Sprintf("number %d", i)))
	}
	ann.sendMany("team", "t", 3)
	return s, receipts
}

func TestVerifyPrintsEachLengthAndLastSumBesideARunningServerAfterACrashAndAfterAStop(t *testing.T) {
	t.Parallel()
	s, receipts := twoConversations(t)
	last := receipts[29]
	whole := func(when string) {
		t.Helper()
		code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data, "--receipt",
			fmt.Sprintf("lobby:30:%s", last.Sum), "--receipt", "lobby:1:"+receipts[0].Sum)
		if code != 0 {
			t.Fatalf("%s: exit %d: %s%s", when, code, stdout, stderr)
		}
		for _, want := range []string{"lobby", "30", last.Sum, "team"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: %q is not in:\n%s", when, want, stdout)
			}
		}
	}
	whole("beside the running server")
	s.kill()
	before := s.transcript("lobby")
	whole("after kill -9")
	if after := s.transcript("lobby"); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Error("verify changed a file; it only reads")
	}
	s.start()
	whole("after a new start")
	s.terminate()
	whole("after a stop")
}

func TestVerifyNamesTheFileAndLineThatIsNotWhole(t *testing.T) {
	t.Parallel()
	s, receipts := twoConversations(t)
	s.terminate()
	path := s.transcriptPath("lobby")
	good := s.transcript("lobby")
	if len(good) != 31 {
		t.Fatalf("%d lines, want 31", len(good))
	}
	edit := func(line int, old, new string) []string {
		bad := append([]string{}, good...)
		bad[line-1] = strings.Replace(bad[line-1], old, new, 1)
		return bad
	}
	swapped := append([]string{}, good...)
	swapped[10], swapped[11] = swapped[11], swapped[10]
	for what, row := range map[string]struct {
		lines []string
		at    int // the line that verify names; 0: any
	}{
		"an altered text":           {edit(8, "number 6", "number 9"), 8},
		"an altered author":         {edit(8, `"from":"ann"`, `"from":"bob"`), 8},
		"an altered sum":            {edit(8, `"sum":"`, `"sum":"f`), 8},
		"an altered first line":     {edit(1, `"time":"20`, `"time":"21`), 1},
		"a line missing":            {append(append([]string{}, good[:9]...), good[10:]...), 10},
		"a line twice":              {append(append([]string{}, good[:10]...), good[9:]...), 11},
		"two lines swapped":         {swapped, 11},
		"the last line cut away":    {good[:30], 0},
		"a line that is not JSON":   {edit(5, "{", "#"), 5},
		"an entry of another place": {append(append([]string{}, good...), good[30]), 32},
	} {
		t.Run(what, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(strings.Join(row.lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data)
			said := stdout + stderr
			if code != 1 || !strings.Contains(said, "lobby.jsonl") {
				t.Fatalf("exit %d, want 1 and the file's name: %s", code, said)
			}
			if row.at > 0 && !strings.Contains(said, fmt.Sprintf("lobby.jsonl:%d", row.at)) &&
				!strings.Contains(said, fmt.Sprintf("line %d", row.at)) {
				t.Errorf("line %d is not named: %s", row.at, said)
			}
		})
	}
	if err := os.WriteFile(path, []byte(strings.Join(good, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data); code != 0 {
		t.Errorf("put back: exit %d: %s%s", code, stdout, stderr)
	}
	for what, receipt := range map[string]string{
		"another sum":          "lobby:30:" + receipts[28].Sum,
		"another seq":          "lobby:29:" + receipts[29].Sum,
		"beyond the last":      "lobby:31:" + receipts[29].Sum,
		"another conversation": "team:3:" + receipts[2].Sum,
		"no conversation":      "nowhere:1:" + receipts[0].Sum,
	} {
		if code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data, "--receipt", receipt); code != 1 {
			t.Errorf("a receipt of %s: exit %d, want 1: %s%s", what, code, stdout, stderr)
		}
	}
	refusedStart(t, nil, []string{"verify", "--data-dir", s.data, "--receipt", "nonsense"}, "receipt")
}
