package ports

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestMain lets the test start itself as another process that asks for ports.
func TestMain(m *testing.M) {
	wanted, err := strconv.Atoi(os.Getenv("PORTS_WANTED"))
	if err != nil {
		os.Exit(m.Run())
	}
	for range wanted {
		port, err := Free()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(port)
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // its ports are its own until stdin is closed
}

func TestNoPortIsGivenTwiceWhileItsProcessRuns(t *testing.T) {
	const processes, each = 8, 500 // of 22,000 ports: without the locks some would be given twice
	given := make(map[string]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("PORTS_WANTED=%d", each))
		cmd.Stderr = os.Stderr
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			stdin.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("a process that asked for ports: %v", err)
			}
		})
		all.Go(func() { // ends when the process has its ports
			for range each {
				var port string
				if _, err := fmt.Fscanln(stdout, &port); err != nil {
					t.Errorf("read a port: %v", err)
					return
				}
				mu.Lock()
				given[port]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	var twice []string
	for port, times := range given {
		if times > 1 {
			twice = append(twice, port)
		}
	}
	if len(twice) > 0 || len(given) == 0 {
		t.Errorf("%d ports were given, and more than once: %s", len(given), strings.Join(twice, " "))
	}
}

func TestAPortThatIsInUseIsNotGiven(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if port := l.Addr().(*net.TCPAddr).Port; free(port) {
		t.Errorf("port %d is said to be free, and is in use", port)
	}
}
