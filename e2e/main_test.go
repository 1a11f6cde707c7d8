package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binary is the program under test, built once for the run.
var binary string

// fortunesFolder is where Debian's fortunes packages put their texts.
const fortunesFolder = "/usr/share/games/fortunes"

func TestMain(m *testing.M) {
	flag.Parse()
	// Most tests wait (for presence, a restart, a drain) far longer than they compute.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		flag.Set("test.parallel", "6")
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := missingPart(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	dir, err := os.MkdirTemp("", "verbatim-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: a folder for the binary:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	// VERBATIM_BINARY tests a program that was built elsewhere, a release or one that was spoiled on purpose.
	if binary = os.Getenv("VERBATIM_BINARY"); binary == "" {
		binary = filepath.Join(dir, "verbatim")
		if err := build(binary); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	return code
}

// missingPart names the first real part that is not on this machine.
func missingPart() error {
	for _, program := range []string{"redis-server", "strace", "node", "nginx", "caddy", "haproxy", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing: run scripts/setup.sh", program)
		}
	}
	for _, path := range []string{wscatProgram, fortunesFolder} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%s is missing: run scripts/setup.sh", path)
		}
	}
	return nil
}

// build builds the program with the race detector. The tests themselves need none: what they do beside each other is no
// promise, and it doubles what they cost.
func build(to string) error {
	cmd := exec.Command("go", "build", "-race", "-o", to, ".")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
