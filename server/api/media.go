package api

import (
	"mime"
	"net/http"
	"strings"

	"verbatim/protocol"
)

// unsupported refuses a body that is not JSON in UTF-8 as it is: one of another media type, in another charset, or
// coded. The answer's header says what is taken (RFC 9110, 15.5.16). It is nil where the body may be read.
func unsupported(answer http.Header, r *http.Request) *protocol.Error {
	for _, coding := range listed(r.Header, "Content-Encoding") {
		if !strings.EqualFold(coding, "identity") {
			answer.Set("Accept-Encoding", "identity")
			return protocol.Errorf(protocol.CodeBadRequest, "a body is taken as it is, and this one is coded "+
				"(Content-Encoding: %.40s): send it uncoded, without that header", coding)
		}
	}
	if problem := wrongType(r.Header.Values("Content-Type")); problem != nil {
		answer.Set("Accept", mediaType)
		return problem
	}
	return nil
}

const mediaType = "application/json"

func wrongType(types []string) *protocol.Error {
	if len(types) != 1 {
		return protocol.Errorf(protocol.CodeBadRequest,
			"a message is posted with one Content-Type: %s, and this one has %d", mediaType, len(types))
	}
	kind, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || kind != mediaType {
		return protocol.BadRequest("a message is posted with Content-Type: " + mediaType)
	}
	switch charset := strings.ToLower(parameters["charset"]); charset {
	case "", "utf-8", "utf8", "us-ascii": // ASCII is UTF-8 too
		return nil
	default:
		return protocol.Errorf(protocol.CodeBadRequest, "a message is posted in UTF-8, and this one is in "+
			"charset=%.40q: convert it, and send it with Content-Type: %s", charset, mediaType)
	}
}

// listed returns the members of a header that is a list, over all the lines that it has; empty members are none.
func listed(h http.Header, name string) (members []string) {
	for _, line := range h.Values(name) {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.TrimSpace(member); member != "" {
				members = append(members, member)
			}
		}
	}
	return members
}
