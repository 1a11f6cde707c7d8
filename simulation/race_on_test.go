//go:build race

package simulation

// raceDetector says that the tests run with -race, which makes a seed take about ten times as long.
const raceDetector = true
