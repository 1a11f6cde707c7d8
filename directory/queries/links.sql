-- name: InsertLink :exec
INSERT INTO links (hash, kind, account, admin, uses, created, creator, ends)
VALUES (@hash, @kind, @account, @admin, @uses, @created, @creator, @ends);

-- name: Link :one
SELECT hash, kind, account, admin, uses, created, creator, ends FROM links
WHERE hash = @hash AND uses > 0 AND ends > @now;

-- name: Invites :many
SELECT hash, kind, account, admin, uses, created, creator, ends FROM links
WHERE kind = 'invite' AND uses > 0 AND ends > @now ORDER BY created, hash;

-- name: UseLink :one
UPDATE links SET uses = uses - 1 WHERE hash = @hash AND uses > 0 AND ends > @now
RETURNING kind, account, admin;

-- name: DeleteInvite :execrows
DELETE FROM links WHERE hash = @hash AND kind = 'invite';

-- name: DeleteResetsOf :exec
DELETE FROM links WHERE kind = 'reset' AND account = @account;

-- name: DeleteSetUp :exec
DELETE FROM links WHERE kind = 'setup';

-- name: DeleteUsedLinks :exec
DELETE FROM links WHERE uses <= 0 OR ends <= @now;
