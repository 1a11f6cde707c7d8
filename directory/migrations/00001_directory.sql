-- One schema for SQLite and PostgreSQL. Types are those that both know: text, bigint (also for times, in microseconds
-- since 1970) and boolean. Nothing may be null: '' and 0 say "none". Secrets are kept as hashes.

-- +goose Up

-- One row: which directory this is, and how many changes it has seen.
CREATE TABLE directory (
    one     bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    id      text   NOT NULL,
    created bigint NOT NULL,
    version bigint NOT NULL
);

-- What changed at which version, so that a program that knows an older one reads only that again.
CREATE TABLE changes (
    version bigint NOT NULL PRIMARY KEY,
    kind    text   NOT NULL,
    subject text   NOT NULL
);

CREATE TABLE accounts (
    id      text    NOT NULL PRIMARY KEY,
    name    text    NOT NULL,
    admin   boolean NOT NULL,
    created bigint  NOT NULL
);

-- Users who are let in no more. They need no account: a token names a user too.
CREATE TABLE blocks (
    user_id text   NOT NULL PRIMARY KEY,
    since   bigint NOT NULL
);

CREATE TABLE passwords (
    account text   NOT NULL PRIMARY KEY REFERENCES accounts (id),
    encoded text   NOT NULL,
    changed bigint NOT NULL
);

CREATE TABLE passkeys (
    id         text   NOT NULL PRIMARY KEY,
    account    text   NOT NULL REFERENCES accounts (id),
    name       text   NOT NULL,
    credential text   NOT NULL,
    created    bigint NOT NULL,
    used       bigint NOT NULL
);
CREATE INDEX passkeys_account ON passkeys (account);

-- Who an account is at an OpenID Connect provider.
CREATE TABLE provider_ties (
    issuer  text   NOT NULL,
    subject text   NOT NULL,
    account text   NOT NULL REFERENCES accounts (id),
    created bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX provider_ties_account ON provider_ties (account);

CREATE TABLE sign_ins (
    hash    text   NOT NULL PRIMARY KEY,
    account text   NOT NULL REFERENCES accounts (id),
    created bigint NOT NULL,
    seen    bigint NOT NULL,
    ends    bigint NOT NULL
);
CREATE INDEX sign_ins_account ON sign_ins (account);

-- Links that are good for an account: of an invite, of the set-up, for a new password.
CREATE TABLE links (
    hash    text    NOT NULL PRIMARY KEY,
    kind    text    NOT NULL CHECK (kind IN ('invite', 'reset', 'setup')),
    account text    NOT NULL,
    admin   boolean NOT NULL,
    uses    bigint  NOT NULL,
    created bigint  NOT NULL,
    creator text    NOT NULL,
    ends    bigint  NOT NULL
);

CREATE TABLE api_keys (
    id      text   NOT NULL PRIMARY KEY,
    hash    text   NOT NULL UNIQUE,
    name    text   NOT NULL,
    grants  text   NOT NULL,
    created bigint NOT NULL,
    creator text   NOT NULL,
    ends    bigint NOT NULL,
    used    bigint NOT NULL
);

-- A user's tokens that were issued until a time are refused.
CREATE TABLE user_revocations (
    user_id text   NOT NULL PRIMARY KEY,
    until   bigint NOT NULL
);

-- A token is refused until it has ended by itself; 0: for ever.
CREATE TABLE token_revocations (
    token_id text   NOT NULL PRIMARY KEY,
    ends     bigint NOT NULL
);

CREATE TABLE conversations (
    id      text   NOT NULL PRIMARY KEY,
    kind    text   NOT NULL CHECK (kind IN ('public', 'private', 'direct')),
    title   text   NOT NULL,
    created bigint NOT NULL,
    creator text   NOT NULL
);

CREATE TABLE members (
    conversation text   NOT NULL REFERENCES conversations (id),
    user_id      text   NOT NULL,
    added        bigint NOT NULL,
    PRIMARY KEY (conversation, user_id)
);
CREATE INDEX members_user ON members (user_id);

-- Which direct conversation the same people have.
CREATE TABLE directs (
    people       text NOT NULL PRIMARY KEY,
    conversation text NOT NULL REFERENCES conversations (id)
);

CREATE TABLE audit (
    seq    bigint NOT NULL PRIMARY KEY,
    time   bigint NOT NULL,
    actor  text   NOT NULL,
    action text   NOT NULL,
    object text   NOT NULL,
    source text   NOT NULL
);
