-- name: InsertKey :exec
INSERT INTO api_keys (id, hash, name, grants, created, creator, ends, used)
VALUES (@id, @hash, @name, @grants, @created, @creator, @ends, 0);

-- name: Key :one
SELECT id, hash, name, grants, created, creator, ends, used FROM api_keys WHERE id = @id;

-- name: Keys :many
SELECT id, hash, name, grants, created, creator, ends, used FROM api_keys ORDER BY name, created, id;

-- name: DeleteKey :execrows
DELETE FROM api_keys WHERE id = @id;

-- name: SetKeyUsed :exec
UPDATE api_keys SET used = @used WHERE id = @id AND used < @used;
