package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"strconv"
	"strings"
)

// asset is one file of the page, and what the build made of it with each encoding.
type asset struct {
	body         []byte
	encoded      map[string][]byte // by content coding: "br", "gzip"
	contentType  string
	cacheControl string
	hash         string // of body, the base of its ETags
}

// codings are the encodings in which the build writes each file, the smaller one first.
var codings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// contentTypes are stated here because the machine's own table may lack or misname them.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".svg":         "image/svg+xml",
	".woff2":       "font/woff2",
	".webmanifest": "application/manifest+json",
}

// readAssets reads every file of the built page; compressed twins become part of the file beside them.
func readAssets(built fs.FS) (map[string]asset, error) {
	assets := make(map[string]asset)
	err := fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isTwin(name) || path.Base(name) == ".keep" {
			return err
		}
		a, err := readAsset(built, name)
		assets[name] = a
		return err
	})
	return assets, err
}

func readAsset(built fs.FS, name string) (asset, error) {
	body, err := fs.ReadFile(built, name)
	if err != nil {
		return asset{}, fmt.Errorf("asset: read %s: %w", name, err)
	}
	a := asset{
		body:         body,
		encoded:      make(map[string][]byte),
		contentType:  contentType(name),
		cacheControl: cacheControl(name),
		hash:         hashOf(body),
	}
	for _, coding := range codings {
		if twin, err := fs.ReadFile(built, name+coding.suffix); err == nil { // absent where the file was not worth it
			a.encoded[coding.name] = twin
		}
	}
	return a, nil
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// deeper is the page as it is served some folders deep: its files are so many folders up. The build's own twins are of
// the page at the top.
func deeper(index asset, depth int) asset {
	if depth == 0 {
		return index
	}
	up := strings.Repeat("../", depth)
	body := bytes.ReplaceAll(index.body, []byte(`="./`), []byte(`="`+up))
	index.body, index.hash = body, hashOf(body)
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the level is a known one
	_, _ = z.Write(body)                                      // a Buffer takes everything
	_ = z.Close()
	index.encoded = map[string][]byte{"gzip": small.Bytes()}
	return index
}

func isTwin(name string) bool {
	return strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz")
}

func contentType(name string) string {
	extension := path.Ext(name)
	if known, ok := contentTypes[extension]; ok {
		return known
	}
	if known := mime.TypeByExtension(extension); known != "" {
		return known
	}
	return "application/octet-stream"
}

// cacheControl lets what has its hash in its name (all of assets/) be kept for ever, and nothing else.
func cacheControl(name string) string {
	if strings.HasPrefix(name, "assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// choose picks the form to send, and names its content coding ("" for the plain one).
func (a asset) choose(acceptEncoding string) (body []byte, encoding string) {
	for _, coding := range codings {
		if twin, ok := a.encoded[coding.name]; ok && accepts(acceptEncoding, coding.name) {
			return twin, coding.name
		}
	}
	return a.body, ""
}

// etag differs for each encoding, as the bytes do.
func (a asset) etag(encoding string) string {
	if encoding == "" {
		return strconv.Quote(a.hash)
	}
	return strconv.Quote(a.hash + "-" + encoding)
}

// accepts says whether an Accept-Encoding header names the coding, and not with a weight of nothing.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			return !refused(parameters)
		}
	}
	return false
}

func refused(parameters string) bool {
	key, value, _ := strings.Cut(parameters, "=")
	if !strings.EqualFold(strings.TrimSpace(key), "q") {
		return false
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err != nil || weight == 0
}
