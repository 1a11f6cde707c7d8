-- name: InsertConversation :execrows
INSERT INTO conversations (id, kind, title, created, creator) VALUES (@id, @kind, @title, @created, @creator)
ON CONFLICT (id) DO NOTHING;

-- name: Conversation :one
SELECT id, kind, title, created, creator FROM conversations WHERE id = @id;

-- name: Conversations :many
SELECT id, kind, title, created, creator FROM conversations;

-- name: SetTitle :execrows
UPDATE conversations SET title = @title WHERE id = @id;

-- name: InsertMember :execrows
INSERT INTO members (conversation, user_id, added) VALUES (@conversation, @user_id, @added)
ON CONFLICT (conversation, user_id) DO NOTHING;

-- name: DeleteMember :execrows
DELETE FROM members WHERE conversation = @conversation AND user_id = @user_id;

-- name: MembersOf :many
SELECT user_id FROM members WHERE conversation = @conversation ORDER BY user_id;

-- name: Members :many
SELECT conversation, user_id FROM members;

-- name: InsertDirect :exec
INSERT INTO directs (people, conversation) VALUES (@people, @conversation);

-- name: Direct :one
SELECT conversation FROM directs WHERE people = @people;
