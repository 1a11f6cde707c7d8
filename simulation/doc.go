// Package simulation holds the promises against a world of its own: a disk that lies, fails, fills up and loses what was
// not synced, a clock that is set back, and a scheduler that decides who goes on, all drawn from one seed. It is tests
// only.
//
// # How exact a seed is
//
// The world runs in a testing/synctest bubble, so that time passes only when everybody waits. Whoever calls the file
// system, commits a batch, publishes one or writes to a socket stands still there until the driver (world.step) lets
// one of them go on, in an order that the seed draws; the driver then waits until everybody waits again. Between two
// such places the program runs on one processor (a worker is a process with GOMAXPROCS=1) and without garbage
// collection, and randomness from crypto/rand is drawn from the seed. What is left to the runtime is the choice
// within a select of which several cases are ready (no goroutine may hang what it does on that), the seeds of hash
// tables, and a preemption where the machine itself stands still for 10 ms between two such places.
// The driver looks at the machine's clock and says of a seed whether the last may have happened.
// TestASeedRunsTheSameWayEachTime compares the traces of every call of the file system, every commit, every ack and
// every frame; what dies after a crash is no part of it.
//
// # Running it
//
//	go test ./simulation                                       thousands of seeds in half a minute
//	go test ./simulation -timeout 6h -v -seeds 100000 -from 1  as many as one likes, on all processors
//	go test ./simulation -run Sessions -v -seed 4711           one again, with its trace
package simulation
