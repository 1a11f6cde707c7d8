package load

// FlagHelp is the help of each flag of Options, by the flag's name.
var FlagHelp = map[string]string{
	"conversations": "How many conversations.",
	"members":       "Sockets in each. All of them read and check.",
	"publishers":    "How many of them also publish. 0: idle sockets.",
	"size":          "Bytes of each message's text.",
	"prefix": "The conversations are ID0, ID1, …. Entries that are there already are ignored; " +
		"what is sent stays on the record.",

	"window": "Closed loop: each publisher has N messages on their way, until they are acknowledged " +
		"and delivered to itself.",
	"rate": "Open loop instead: N messages a second over all publishers, whatever the server does. " +
		"Latency counts from when a message was due.",

	"ramp":     "Spread the connecting over this time. 0: as fast as the server accepts, 64 at the same time.",
	"warmup":   "Publish this long before anything is measured.",
	"duration": "The measured time. SIGINT ends it early.",
	"deadline": "How long to wait for all sockets to join, and at the end for messages on their way. " +
		"What has not come by then is lost.",
	"reconnect-every": "Each TIME, break a share of all connections; they reconnect and resume. 0: never.",
	"reconnect-share": "The share of connections that --reconnect-every breaks.",
	"seed": "Decides the text and which connections break. 0: another one each time; " +
		"the report says which.",

	"pid":  "The server's process on this machine: the report says how much CPU each delivery cost it.",
	"json": "Print the report as one JSON object.",
	"plot": "Draw throughput and latency over time, one point a second.",
}

// Help is the text that `verbatim load --help` shows above the flags.
const Help = `A load test against a running server. Every message is checked at every reader: each seq once and in
order, every acknowledged message seen by every member, all members in one order. The exit code is 1 if a message was
lost, doubled or out of order.

Start the server with --send-rate 0. With its default (50 sends a second for each session) it reads a faster publisher
more slowly: there are no errors, but the figures are those of that limit.

  verbatim serve --send-rate 0 &
  verbatim load --members 1000                          one crowd: 10 publishers, 1,000 readers
  verbatim load --members 1000 --window 16              the same at saturation
  verbatim load --conversations 200 --members 5 --publishers 5
                                                        many small conversations
  verbatim load --members 1000 --rate 50 --duration 60s --plot load.svg
                                                        50 messages a second: what latency do people see?
  verbatim load --reconnect-every 5s --duration 60s     each 5 s a fifth of the connections break and resume
  verbatim load --pid $(pgrep -f 'verbatim serve')      what each delivery costs the server
  verbatim load --members 5000 --publishers 0           idle sockets
  verbatim load https://chat.example.com --members 50 --rate 20

If the generator runs on the server's machine it takes CPU from it; the report says how much. GOMAXPROCS=1 before the
command limits the generator to one core.`
