-- name: InsertSignIn :exec
INSERT INTO sign_ins (hash, account, created, seen, ends) VALUES (@hash, @account, @created, @created, @ends);

-- name: SignIn :one
SELECT hash, account, created, seen, ends FROM sign_ins WHERE hash = @hash;

-- name: SignInsOf :many
SELECT hash, account, created, seen, ends FROM sign_ins WHERE account = @account ORDER BY created, hash;

-- name: SignIns :many
SELECT hash, account, created, seen, ends FROM sign_ins;

-- name: SetSeen :exec
UPDATE sign_ins SET seen = @seen WHERE hash = @hash AND seen < @seen;

-- name: DeleteSignIn :execrows
DELETE FROM sign_ins WHERE hash = @hash;

-- name: DeleteSignInsOf :execrows
DELETE FROM sign_ins WHERE account = @account AND hash <> @keep;

-- name: DeleteEndedSignInsOf :exec
DELETE FROM sign_ins WHERE account = @account AND (ends <= @now OR seen <= @idle_since);

-- name: DeleteOldestSignInsOf :exec
-- All but the newest @keep. The limit is there because SQLite takes no OFFSET without one.
DELETE FROM sign_ins WHERE hash IN (
    SELECT s.hash FROM sign_ins s WHERE s.account = @account ORDER BY s.seen DESC, s.hash LIMIT 1000 OFFSET @keep
);
