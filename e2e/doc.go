// Package e2e holds the program to docs/protocol from outside: it starts the real binary with real parts (Redis,
// strace, wscat, nginx, Caddy, haproxy, files, kill -9) and talks to it over real sockets. Nothing is simulated, and
// the tests know of the program only what the contract says.
//
// A part that is missing fails the run with one line that names scripts/setup.sh; no test is skipped.
//
// # Concurrency
//
// Tests run in parallel: each starts its own server on a port and in a folder of its own. Every process that was
// started is ended by its id when its test ends, and no goroutine outlives the run (goleak, main_test.go).
package e2e
