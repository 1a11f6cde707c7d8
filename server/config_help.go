package server

// FlagHelp is the help of each flag of Config, by the flag's name.
var FlagHelp = map[string]string{
	"listen": "Where to serve: 127.0.0.1:8080, [::1]:8080, :8080 (all addresses) or unix:/run/verbatim.sock. " +
		"Port 0 picks a free one. May be repeated. An address that others reach over a network needs --auth. " +
		"Default: 127.0.0.1:8080, or the sockets that systemd hands over.",
	"data-dir": "The data directory. It is made if it is missing, and locked while the server runs.",
	"redis": "A Redis for recent history, redis://HOST:PORT/DB. Without it, history is in memory. " +
		"No message depends on it.",
	"record": "A PostgreSQL for the record. Not in this version.",

	"send-rate": "Sends a second for each session, and POSTs a second for each address (4 times as many for its " +
		"network), with bursts of twice that. 0: no limit.",
	"max-connections": "WebSocket connections and event streams at the same time.",
	"max-connections-per-ip": "The same for each address. An IPv6 /64 counts as one address; an IPv4 /24 or an " +
		"IPv6 /56 " +
		"may have 4 times as many, an IPv6 /48 16 times. 0: no limit.",
	"max-handshakes": "Connections that have not completed a request, in all; each address may have a 32nd of that. " +
		"Beyond it, the oldest are closed.",
	"max-frame":      "The most bytes that a client may send in one frame or one POST.",
	"max-text":       "The most bytes of one message's text.",
	"write-timeout":  "A connection that takes no data for this long is closed.",
	"history-size":   "Recent entries to keep for each conversation.",
	"history-ttl":    "How long recent entries are kept after the newest one. The record keeps all entries.",
	"history-memory": "Memory for the recent entries of all conversations.",

	"public-url": "The URL by which people reach this server, if that is not where it listens: " +
		"https://chat.example.com/, or https://example.com/chat/ below a path.",
	"allow-origin": "The origin of a web page that may connect besides the server's own: https://app.example.com; " +
		"https://*.example.com for all subdomains; capacitor://localhost for an application's own scheme. May be " +
		"repeated.",
	"allow-host": "A host name of this server besides localhost, if it listens on loopback. May be repeated.",
	"auth": "open: names are not checked, and everybody who reaches the server may read and write. token: each " +
		"connection and request needs a token (a JWT) that your application has signed. Default: open on loopback; " +
		"elsewhere it must be given.",
	"trusted-proxy": "A reverse proxy, as an address or a network, whose X-Forwarded-For, -Proto and -Host are " +
		"believed; " +
		"unix: every peer on a Unix socket. May be repeated.",
	"proxy-protocol": "A proxy, as an address or a network, that must send the PROXY protocol's header (version " +
		"1 or 2); " +
		"unix: every peer on a Unix socket. May be repeated.",
	"admin-listen": "Where to serve /metrics and /debug/pprof/ (an address as for --listen); access is not " +
		"checked there. " +
		"Without it, /metrics is on the main address if that is loopback, and is not answered to proxies.",

	"token-secret": "A file with the secret of HS256, at least 32 bytes. A line's end after it does not count.",
	"token-key": "A file with public keys in PEM: RSA of at least 2048 bits (RS256), ECDSA on P-256 (ES256), Ed25519 " +
		"(EdDSA). May be repeated.",
	"token-jwks": "Where to fetch public keys from, a JSON Web Key Set: https://…, or http:// on this machine. " +
		"Needs --token-issuer and --token-audience.",
	"token-issuer":     "What a token's iss must be. Without it, iss is not checked.",
	"token-audience":   "What a token's aud must be, or have. Without it, aud is not checked.",
	"token-algorithms": "Which of HS256, RS256, ES256 and EdDSA are taken. Default: those of the keys given.",
	"token-leeway":     "By how much the clock of the one who signs tokens may differ.",
	"token-stale":      "How long keys from --token-jwks are used while they cannot be fetched again.",
	"rules": "A TOML file that says who may do what, beside what each token grants: docs/operating/permissions.md. " +
		"SIGHUP reads it again. Without it a token may do what it grants itself.",
	"token-in-url": "Take tokens from ?token= too. Proxies and browsers keep addresses in their logs, so use it only if " +
		"a client can do nothing else.",

	"drain-timeout": "How long SIGTERM and SIGINT wait for requests and sends in progress. A second signal ends " +
		"the server " +
		"at once. Sessions are closed over a quarter of that time at most.",
	"log-format": "The format of stderr. auto: pretty on a terminal, else JSON.",
	"log-level":  "What is logged: debug, info, warn or error, and above.",
}
