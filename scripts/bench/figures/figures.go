// Package figures is what a run found: what the generator tells the driver, in the one object that it prints, and what
// the driver adds of its own.
package figures

// Figures is what one run measured. What its work does not measure stands at 0.
type Figures struct {
	Connections int     `json:"connections"`
	Seconds     float64 `json:"seconds"` // the measured time
	Connect     float64 `json:"connect"` // seconds until all sockets were in, rests left out

	Deliveries          int64   `json:"deliveries"` // within the measured time
	DeliveriesPerSecond float64 `json:"deliveries_per_second"`
	Messages            int64   `json:"messages"`
	MessagesPerSecond   float64 `json:"messages_per_second"`
	Lost                int64   `json:"lost"` // what had not come when nothing came any more; warming up is counted too
	P50                 float64 `json:"p50_ms"`
	P90                 float64 `json:"p90_ms"`
	P99                 float64 `json:"p99_ms"`
	P999                float64 `json:"p999_ms"`

	// The server's process. Each is by the work: by delivery, by connection, by message.
	CPUEach     float64 `json:"cpu_us_each"`
	Cores       float64 `json:"cores"`
	RSS         float64 `json:"rss_kb"`        // at the end
	RSSEach     float64 `json:"rss_kb_each"`   // what each connection added
	Growth      float64 `json:"rss_growth_kb"` // the most that it grew by
	MallocsEach float64 `json:"mallocs_each"`  // heap objects, as Go's runtime counts them
	Lag         float64 `json:"lag_ms"`        // p99.9 of how long a goroutine that could run waited for a core

	GeneratorEach  float64 `json:"generator_us_each"` // the generator's own CPU
	GeneratorCores float64 `json:"generator_cores"`

	// What the driver measures itself.
	Start   float64 `json:"start"`    // seconds from exec to "listening on"
	Page    float64 `json:"page_ms"`  // the first answer after it
	Journal float64 `json:"journal"`  // MB in the journal before it
	Back    float64 `json:"back"`     // seconds from "listening on" until the last socket had all that it had missed
	Half    float64 `json:"half"`     // the same for half of the sockets
	Peak    float64 `json:"peak"`     // percent of the sockets that came back within one second, at most
	Burst   float64 `json:"burst_ms"` // from the first of requests that are sent at once to the last answer
	Request float64 `json:"request_ms"`
	Redis   float64 `json:"redis"` // percent of the reads that Redis answered
}

// Storm is what the storm's clients found. Times are Unix nanoseconds.
type Storm struct {
	Sockets    int    `json:"sockets"`
	Half       int64  `json:"half"` // when half of the sockets had all that they had missed
	Last       int64  `json:"last"` // when the last one had
	Lost       int64  `json:"lost"` // entries that did not come
	Violations int64  `json:"violations"`
	Example    string `json:"example"` // the first violation
	Reconnects uint64 `json:"reconnects"`
	Returned   int64  `json:"returned"` // when the last one had joined again, for the last time
	Peak       int    `json:"peak"`     // how many joined again within one second, at most, wherever it begins
}
