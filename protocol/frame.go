package protocol

import "encoding/binary"

// frameText is the first byte of an unfragmented text frame (RFC 6455, 5.2): FIN and opcode 1.
const frameText = 0x81

// AppendFrame adds payload as one unmasked text frame, ready for any socket.
func AppendFrame(dst, payload []byte) []byte {
	dst = appendHeader(dst, len(payload))
	return append(dst, payload...)
}

func appendHeader(dst []byte, n int) []byte {
	switch {
	case n < 126:
		return append(dst, frameText, byte(n))
	case n <= 0xffff:
		return append(dst, frameText, 126, byte(n>>8), byte(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, frameText, 127), uint64(n))
	}
}

// Payload gives what stands in a frame that AppendFrame made.
func Payload(frame []byte) []byte {
	switch frame[1] {
	case 126:
		return frame[4:]
	case 127:
		return frame[10:]
	default:
		return frame[2:]
	}
}
