// Package simulation tests the promises in a world of its own: a disk that lies, fails, fills up and loses what was not
// synced, a clock that is set back, and a scheduler that decides which goroutine goes on, all drawn from one seed. It
// contains only tests.
//
// A world has several incarnations of the server, each ended by a crash, a power cut or an orderly stop. A scenario
// (scenario_test.go) is drawn once for each world; a fault profile (faultprofile_test.go) once for each incarnation.
// The model (model_test.go) knows what clients were told, and finds what contradicts it.
//
// # How exact a seed is
//
// The world runs in a testing/synctest bubble, so that time passes only when every goroutine waits. A goroutine that
// calls the file system, commits, publishes or writes to a socket waits there until the driver (world.resumeOne) lets
// it go on, in an order that the seed draws. The driver then waits until every goroutine waits again. In between, the
// program runs on one processor (a worker is a process with GOMAXPROCS=1) and without garbage collection, and
// crypto/rand is drawn from the seed. What is left to the runtime is the choice within a select with several ready
// cases (no goroutine's actions may depend on that), the seeds of hash tables, and a preemption if the machine stops
// for 10 ms. The driver reads the machine's clock and notes for each seed whether that may have happened.
//
// TestASeedRunsTheSameWayEachTime compares the traces of every call of the file system, every commit, every ack and
// every frame. What a server does after its crash is not in the trace.
//
// # Running it
//
//	go test ./simulation                                       thousands of seeds in half a minute
//	go test ./simulation -timeout 6h -v -seeds 100000 -from 1  any number, on all processors
//	go test ./simulation -run Sessions -v -seed 4711           one again, with its trace
package simulation
