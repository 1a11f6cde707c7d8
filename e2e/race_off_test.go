//go:build !race

package e2e

// raceDetector says that the tests run under -race; the binary under test is then built with it too.
const raceDetector = false
