-- name: InsertDirectory :exec
INSERT INTO directory (one, id, created, version) VALUES (1, @id, @created, 0);

-- name: Identity :one
SELECT id, created FROM directory WHERE one = 1;

-- name: Version :one
SELECT version FROM directory WHERE one = 1;

-- name: NextVersion :one
-- The row stays locked until the transaction ends: changes are committed in the order of their versions.
UPDATE directory SET version = version + 1 WHERE one = 1 RETURNING version;

-- name: InsertChange :exec
INSERT INTO changes (version, kind, subject) VALUES (@version, @kind, @subject);

-- name: ChangesAfter :many
SELECT version, kind, subject FROM changes WHERE version > @version ORDER BY version;

-- name: DeleteChangesUntil :exec
DELETE FROM changes WHERE version <= @version;

-- name: InsertAudit :exec
INSERT INTO audit (seq, time, actor, action, object, source)
VALUES (@seq, @time, @actor, @action, @object, @source);

-- name: AuditBefore :many
SELECT seq, time, actor, action, object, source FROM audit WHERE seq < @before ORDER BY seq DESC LIMIT @most;
