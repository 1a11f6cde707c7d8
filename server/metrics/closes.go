package metrics

import (
	"slices"
	"strconv"

	"verbatim/protocol"
	"verbatim/session"
)

// The ends of connections that never became sessions.
const (
	ReasonName    session.Reason = "name"    // the name or the query is invalid
	ReasonCrowded session.Reason = "crowded" // there are too many connections
	ReasonRefused session.Reason = "refused" // the token is missing or not good, or its user is blocked
)

// closeCodes are the close codes of each reason; 0 is none, as for event streams. All other codes that clients send are
// counted as one.
var closeCodes = map[session.Reason][]protocol.CloseCode{
	session.ReasonClient: {0, 1000, 1001, 1005, otherCode},
	session.ReasonLost:   {0}, session.ReasonStalled: {0}, session.ReasonSilent: {0},
	session.ReasonDrain: {0, protocol.CloseGoingAway}, session.ReasonProtocol: {protocol.CloseProtocol},
	session.ReasonBinary: {protocol.CloseUnsupported}, session.ReasonUTF8: {protocol.CloseInvalidData},
	session.ReasonFrame: {protocol.CloseTooBig}, session.ReasonBadRequests: {protocol.ClosePolicy},
	session.ReasonForbidden: {0}, session.ReasonToken: {0, protocol.CloseToken, protocol.CloseForbidden},
	ReasonRefused: {protocol.CloseToken, protocol.CloseForbidden},
	ReasonName:    {protocol.ClosePolicy}, ReasonCrowded: {protocol.CloseTryAgain},
}

// otherCode stands for all other codes of clients.
const otherCode protocol.CloseCode = 1

func closeName(code protocol.CloseCode) string {
	switch code {
	case 0:
		return "none"
	case otherCode:
		return "other"
	default:
		return strconv.Itoa(int(code))
	}
}

// CountClose counts the end of a connection.
func (m *Metrics) CountClose(reason session.Reason, code protocol.CloseCode) {
	if reason == session.ReasonClient && !slices.Contains(closeCodes[reason], code) {
		code = otherCode
	}
	m.closes.WithLabelValues(string(reason), closeName(code)).Inc()
}
