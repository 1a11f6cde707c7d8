// Package figures is what the generator tells the driver: the one object that it prints.
package figures

// Figures is what one run of the generator measured. What its work does not measure stands at 0.
type Figures struct {
	Connections int     `json:"connections"`
	Seconds     float64 `json:"seconds"` // the measured time

	Deliveries          int64   `json:"deliveries"` // within the measured time
	DeliveriesPerSecond float64 `json:"deliveries_per_second"`
	Messages            int64   `json:"messages"`
	MessagesPerSecond   float64 `json:"messages_per_second"`
	Lost                int64   `json:"lost"` // what had not come when nothing came any more; warming up is counted too
	P50                 float64 `json:"p50_ms"`
	P99                 float64 `json:"p99_ms"`

	// The server's process. Each is by the work: by delivery, by connection, by message.
	CPUEach float64 `json:"cpu_us_each"`
	Cores   float64 `json:"cores"`
	RSS     float64 `json:"rss_kb"`        // at the end
	RSSEach float64 `json:"rss_kb_each"`   // what each connection added
	Growth  float64 `json:"rss_growth_kb"` // the most that it grew by

	GeneratorEach  float64 `json:"generator_us_each"` // the generator's own CPU
	GeneratorCores float64 `json:"generator_cores"`
}
