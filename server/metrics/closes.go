package metrics

import (
	"slices"
	"strconv"

	"verbatim/protocol"
	"verbatim/session"
)

// The ends of connections that never became sessions.
const (
	ReasonName    session.Why = "name"    // the name or the query is invalid
	ReasonCrowded session.Why = "crowded" // there are too many connections
	ReasonRefused session.Why = "refused" // the token is missing or not good, or its user is blocked
)

// closeCodes are the close codes of each reason; 0 is none, as for event streams. All other codes that clients send are
// counted as one.
var closeCodes = map[session.Why][]protocol.CloseCode{
	session.WhyClient: {0, 1000, 1001, 1005, otherCode},
	session.WhyLost:   {0}, session.WhyStalled: {0}, session.WhySilent: {0},
	session.WhyDrain: {0, protocol.CloseGoingAway}, session.WhyProtocol: {protocol.CloseProtocol},
	session.WhyBinary: {protocol.CloseUnsupported}, session.WhyUTF8: {protocol.CloseInvalidData},
	session.WhyFrame: {protocol.CloseTooBig}, session.WhyBadRequests: {protocol.ClosePolicy},
	session.WhyToken: {0, protocol.CloseToken, protocol.CloseForbidden},
	ReasonRefused:    {protocol.CloseToken, protocol.CloseForbidden},
	ReasonName:       {protocol.ClosePolicy}, ReasonCrowded: {protocol.CloseTryAgain},
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
func (m *Metrics) CountClose(why session.Why, code protocol.CloseCode) {
	if why == session.WhyClient && !slices.Contains(closeCodes[why], code) {
		code = otherCode
	}
	m.closes.WithLabelValues(string(why), closeName(code)).Inc()
}
