package directory

import (
	"context"
	"errors"
	"time"

	"verbatim/directory/queries"
	"verbatim/protocol"
)

// maxTokenID is the greatest length of a token's id (jti), in bytes.
const maxTokenID = 256

// ErrTokenID says that something is no token's id.
var ErrTokenID = errors.New("directory: a token's id (jti) has 1 to 256 bytes")

// RevokeUser ends whatever a user holds: tokens that were issued until now, and sign-ins. Passwords and API keys stay.
// It returns until when tokens are refused, and how many sign-ins ended.
func (d *Directory) RevokeUser(
	ctx context.Context, by By, user protocol.UserID,
) (until time.Time, signIns int, err error) {
	if !validUser(user) {
		return until, 0, ErrUser
	}
	err = d.change(ctx, by, func(c *change) error {
		until = timeOf(c.now)
		if err := c.Queries.RevokeUser(ctx, queries.RevokeUserParams{UserID: user, Until: c.now}); err != nil {
			return wrote(err, "the revocation")
		}
		n, err := c.DeleteSignInsOf(ctx, queries.DeleteSignInsOfParams{Account: user})
		if err != nil {
			return wrote(err, "the sign-ins' end")
		}
		signIns = int(n)
		return c.done(KindUser, string(user), "user's tokens revoked", string(user))
	})
	return until, signIns, err
}

// RevokeToken refuses one token, by its claim jti. It is forgotten once the token has ended by itself; a zero end is
// never.
func (d *Directory) RevokeToken(ctx context.Context, by By, tokenID string, ends time.Time) error {
	if len(tokenID) == 0 || len(tokenID) > maxTokenID {
		return ErrTokenID
	}
	return d.change(ctx, by, func(c *change) error {
		if err := c.DeleteEndedTokenRevocations(ctx, c.now); err != nil {
			return wrote(err, "the end of old revocations")
		}
		err := c.Queries.RevokeToken(ctx, queries.RevokeTokenParams{TokenID: tokenID, Ends: microsOf(ends)})
		if err != nil {
			return wrote(err, "the revocation")
		}
		return c.done(KindToken, tokenID, "token revoked", tokenID)
	})
}
