-- name: RevokeUser :exec
INSERT INTO user_revocations (user_id, until) VALUES (@user_id, @until)
ON CONFLICT (user_id) DO UPDATE SET until = excluded.until WHERE user_revocations.until < excluded.until;

-- name: UserRevocation :one
SELECT until FROM user_revocations WHERE user_id = @user_id;

-- name: UserRevocations :many
SELECT user_id, until FROM user_revocations;

-- name: RevokeToken :exec
INSERT INTO token_revocations (token_id, ends) VALUES (@token_id, @ends)
ON CONFLICT (token_id) DO UPDATE SET ends = excluded.ends;

-- name: TokenRevocation :one
SELECT ends FROM token_revocations WHERE token_id = @token_id;

-- name: TokenRevocations :many
SELECT token_id, ends FROM token_revocations;

-- name: DeleteEndedTokenRevocations :exec
DELETE FROM token_revocations WHERE ends > 0 AND ends <= @now;
