package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A proxyKind is a reverse proxy, with the configuration that docs/operating/proxy has for it.
type proxyKind struct {
	name, file string
	// fit replaces the places that every operator has to fill in: the port, the certificate and the server's address.
	fit func(p *proxy, config string) string
	run func(p *proxy) []string
	// say are the server's flags about trusted proxies.
	say []string
}

// trusted is what docs/operating/proxy has for proxies that write X-Forwarded-For.
var trusted = []string{"--trusted-proxy", "127.0.0.1"}

var proxyKinds = []proxyKind{
	{name: "nginx", say: trusted, file: "nginx.conf", fit: fitNginx, run: func(p *proxy) []string {
		return []string{"nginx", "-p", p.dir, "-e", "stderr", "-c", p.config}
	}},
	{name: "caddy", say: trusted, file: "Caddyfile", fit: fitCaddy, run: func(p *proxy) []string {
		return []string{"env", "HOME=" + p.dir, "XDG_DATA_HOME=" + p.dir, "XDG_CONFIG_HOME=" + p.dir,
			"caddy", "run", "--adapter", "caddyfile", "--config", p.config}
	}},
	{name: "haproxy", say: trusted, file: "haproxy.cfg", fit: fitHAProxy, run: func(p *proxy) []string {
		return []string{"haproxy", "-db", "-f", p.config}
	}},
}

// speakingPROXY is haproxy as docs/operating/reverse-proxy.md configures it for the PROXY protocol.
var speakingPROXY = proxyKind{
	name: "haproxy with PROXY protocol", file: "haproxy.cfg", run: proxyKinds[2].run,
	say: []string{"--proxy-protocol", "127.0.0.1"},
	fit: func(p *proxy, config string) string {
		for _, header := range []string{"For %[src]", "Host %[req.hdr(host)]", "Proto https"} {
			config = p.replace(config, "    http-request set-header X-Forwarded-"+header+"\n", "")
		}
		return fitHAProxy(p, p.replace(config, " check\n", " check send-proxy-v2\n"))
	},
}

// The hosts of docs/operating/proxy: one is the server's own, of the other it has the path /chat/.
const (
	ownHost    = "chat.example.com"
	sharedHost = "example.com"
	sharedPath = "/chat"
)

// proxy is a running reverse proxy with TLS, and the verbatim behind it.
type proxy struct {
	*process
	t      testing.TB
	kind   proxyKind
	server *server
	dir    string
	config string // the file that it was started with
	port   string
	cert   certificate
}

// behindEachProxy runs a test behind each proxy. The server's flags are those that the documentation gives.
func behindEachProxy(t *testing.T, test func(t *testing.T, p *proxy), flags ...string) {
	for _, kind := range proxyKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			test(t, startProxy(t, kind, flags...))
		})
	}
}

func startProxy(t testing.TB, kind proxyKind, flags ...string) *proxy {
	t.Helper()
	p := &proxy{t: t, kind: kind, dir: t.TempDir(), port: fmt.Sprint(freePort(t))}
	public := []string{"--allow-host", ownHost, "--public-url",
		"https://" + sharedHost + ":" + p.port + sharedPath + "/"}
	p.server = serve(t, slices.Concat(public, kind.say, flags)...)
	p.cert = newCertificate(t, p.dir, ownHost, sharedHost)
	documented, err := os.ReadFile(filepath.Join("../docs/operating/proxy", kind.file))
	if err != nil {
		t.Fatal(err)
	}
	p.config = filepath.Join(p.dir, kind.file)
	p.write(p.config, kind.fit(p, string(documented)))
	command := kind.run(p)
	p.process = start(t, false, command[0], command[1:]...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said:\n%s", kind.name, tail(p.output.String(), 4000))
		}
	})
	eventually(t, kind.name+" passes requests on", func() bool {
		if !p.running() {
			t.Fatalf("%s has ended:\n%s", kind.name, p.output)
		}
		client := p.client("")
		resp, err := client.Get(p.url(ownHost, "/readyz"))
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

func (p *proxy) write(path, text string) {
	p.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// replace changes a place of a documented configuration, which must be there.
func (p *proxy) replace(config, place, by string) string {
	p.t.Helper()
	if !strings.Contains(config, place) {
		p.t.Fatalf("docs/operating/proxy/%s has no %q any more", p.kind.file, place)
	}
	return strings.ReplaceAll(config, place, by)
}

// fitNginx writes the main configuration, which includes the documented one as Debian's does.
func fitNginx(p *proxy, config string) string {
	config = p.replace(config, "listen 443 ssl;", "listen 127.0.0.1:"+p.port+" ssl;")
	config = p.replace(config, "/etc/ssl/chat.example.com.pem", p.cert.chain)
	config = p.replace(config, "/etc/ssl/chat.example.com.key", p.cert.key)
	config = p.replace(config, "127.0.0.1:8080", p.server.addr)
	main := "daemon off; pid " + p.dir + "/pid; error_log stderr; events {}\nhttp {\naccess_log off;\n"
	if os.Geteuid() == 0 {
		main = "user root; " + main // its workers must reach the folder
	}
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += what + "_temp_path " + p.dir + "/" + what + ";\n"
	}
	return main + config + "}\n"
}

// fitCaddy configures the certificate, which Caddy would obtain by itself for a public name.
func fitCaddy(p *proxy, config string) string {
	for _, host := range []string{ownHost, sharedHost} {
		config = p.replace(config, "\n"+host+" {",
			"\nhttps://"+host+":"+p.port+" {\n\ttls "+p.cert.chain+" "+p.cert.key)
	}
	config = p.replace(config, "127.0.0.1:8080", p.server.addr)
	return "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\tauto_https disable_redirects\n}\n" + config
}

func fitHAProxy(p *proxy, config string) string {
	config = p.replace(config, "bind :443 ssl", "bind 127.0.0.1:"+p.port+" ssl")
	config = p.replace(config, "/etc/haproxy/chat.example.com.pem", p.cert.both)
	return p.replace(config, "127.0.0.1:8080", p.server.addr)
}

// url is an address of the proxy. Unlike most public addresses it has a port, and so have Host and Origin.
func (p *proxy) url(host, path string) string { return "https://" + host + ":" + p.port + path }

// ways are the two ways in: where the page is, by host.
func (p *proxy) ways() map[string]string {
	return map[string]string{ownHost: "", sharedHost: sharedPath}
}

// client asks the proxy, whatever the host, from a source address of its own ("" for any).
func (p *proxy) client(from string) *http.Client {
	dialer := &net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return &http.Client{
		Timeout:       10 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: p.cert.pool},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, "127.0.0.1:"+p.port)
			},
		},
	}
}

// certificate is self-signed, in the forms in which the proxies want it.
type certificate struct {
	chain, key, both string // files
	pool             *x509.CertPool
}

func newCertificate(t testing.TB, dir string, hosts ...string) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chainPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	c := certificate{
		chain: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), both: filepath.Join(dir, "both.pem"),
		pool: x509.NewCertPool(),
	}
	c.pool.AppendCertsFromPEM(chainPEM)
	for path, text := range map[string][]byte{
		c.chain: chainPEM, c.key: keyPEM, c.both: bytes.Join([][]byte{chainPEM, keyPEM}, nil),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}
