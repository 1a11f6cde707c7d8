-- name: InsertAccount :execrows
INSERT INTO accounts (id, name, admin, created) VALUES (@id, @name, @admin, @created)
ON CONFLICT (id) DO NOTHING;

-- name: Account :one
SELECT a.id, a.name, a.admin, a.created, coalesce(b.since, 0) AS blocked
FROM accounts a LEFT JOIN blocks b ON b.user_id = a.id WHERE a.id = @id;

-- name: Accounts :many
SELECT a.id, a.name, a.admin, a.created, coalesce(b.since, 0) AS blocked
FROM accounts a LEFT JOIN blocks b ON b.user_id = a.id ORDER BY a.id;

-- name: CountAdmins :one
SELECT count(*) FROM accounts WHERE admin;

-- name: InsertBlock :execrows
INSERT INTO blocks (user_id, since) VALUES (@user_id, @since) ON CONFLICT (user_id) DO NOTHING;

-- name: DeleteBlock :execrows
DELETE FROM blocks WHERE user_id = @user_id;

-- name: Block :one
SELECT since FROM blocks WHERE user_id = @user_id;

-- name: Blocks :many
SELECT user_id, since FROM blocks ORDER BY user_id;

-- name: SetPassword :exec
INSERT INTO passwords (account, encoded, changed) VALUES (@account, @encoded, @changed)
ON CONFLICT (account) DO UPDATE SET encoded = excluded.encoded, changed = excluded.changed;

-- name: Password :one
SELECT encoded FROM passwords WHERE account = @account;

-- name: InsertPasskey :execrows
INSERT INTO passkeys (id, account, name, credential, created, used)
VALUES (@id, @account, @name, @credential, @created, 0)
ON CONFLICT (id) DO NOTHING;

-- name: Passkey :one
SELECT id, account, name, credential, created, used FROM passkeys WHERE id = @id;

-- name: PasskeysOf :many
SELECT id, account, name, credential, created, used FROM passkeys WHERE account = @account ORDER BY created, id;

-- name: UpdatePasskey :execrows
UPDATE passkeys SET credential = @credential, used = @used WHERE id = @id;

-- name: DeletePasskey :execrows
DELETE FROM passkeys WHERE id = @id AND account = @account;

-- name: InsertTie :execrows
INSERT INTO provider_ties (issuer, subject, account, created) VALUES (@issuer, @subject, @account, @created)
ON CONFLICT (issuer, subject) DO NOTHING;

-- name: Tie :one
SELECT account FROM provider_ties WHERE issuer = @issuer AND subject = @subject;

-- name: TiesOf :many
SELECT issuer, subject, created FROM provider_ties WHERE account = @account ORDER BY created, issuer, subject;
