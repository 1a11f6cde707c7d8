//go:build !race

package main

// raceDetector says that the tests run under -race; the binary under test is then built with it too.
const raceDetector = false
