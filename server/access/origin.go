package access

import (
	"errors"
	"strings"
)

// Origin is where a page comes from, in the one form that is compared: lower case, ASCII, without the scheme's own
// port.
type Origin struct{ Scheme, Host string }

func (o Origin) String() string { return o.Scheme + "://" + o.Host }

// hostName returns the host without its port and brackets.
func (o Origin) hostName() string { return HostName(o.Host) }

// ParseOrigin reads an Origin header, or a flag that names an origin. An application's own scheme
// (capacitor://localhost, an extension's) is as good as http and https if there is a host: without one, the pages of
// all applications are the same.
func ParseOrigin(text string) (Origin, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || !isScheme(scheme) {
		return Origin{}, errors.New("it is not SCHEME://HOST")
	}
	host, err := NormalHost(scheme, rest)
	return Origin{scheme, host}, err
}

func isScheme(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return text != "" && strings.IndexByte(letters, text[0]) >= 0 && strings.Trim(text, letters+"0123456789+-.") == ""
}
