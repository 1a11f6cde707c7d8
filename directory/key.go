package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"verbatim/directory/queries"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

// KeyPrefix begins the secret of each API key, and KeyUser the user of each.
const (
	KeyPrefix = "vb_"
	KeyUser   = "key:"
)

// Grants are what an API key may do: patterns of conversations (an id, a prefix and *, or *) for each verb.
type Grants struct {
	Read     []string `json:"read,omitempty"`
	Write    []string `json:"write,omitempty"`
	Create   []string `json:"create,omitempty"`
	Moderate []string `json:"moderate,omitempty"`
	As       bool     `json:"as,omitempty"` // it may post in the name of others
}

// maxGrants is how many patterns the grants may have in all.
const maxGrants = 256

// Key is an API key. Its secret is not kept.
type Key struct {
	ID      string
	Hash    Hash `json:"-"`
	Name    string
	Grants  Grants
	Created time.Time
	Creator string
	Ends    time.Time // zero: never
	Used    time.Time // zero: never; raised now and then
}

// User returns whom the key speaks for: key:NAME. Two keys of one name speak for one user, so that one can take the
// other's place without a pause.
func (k *Key) User() protocol.UserID { return protocol.UserID(KeyUser + k.Name) }

// Over reports whether the key has ended by itself.
func (k *Key) Over(now time.Time) bool { return !k.Ends.IsZero() && !now.Before(k.Ends) }

var (
	ErrNoKey   = errors.New("directory: there is no such API key")
	ErrKeyName = errors.New("directory: a key's name has 1 to 32 of a-z, 0-9, '.', '_' and '-', " +
		"and begins with a letter or a digit")
	ErrKeyEnd = errors.New("directory: a key's end must be in the future")
)

// AddKey makes an API key, and returns it and its secret. A zero end is none. What is no pattern is refused.
func (d *Directory) AddKey(
	ctx context.Context, by By, name string, grants Grants, ends time.Time,
) (_ Key, apiKey string, err error) {
	if !ValidAccountID(protocol.UserID(name)) {
		return Key{}, "", ErrKeyName
	}
	if err := grants.check(); err != nil {
		return Key{}, "", err
	}
	if !ends.IsZero() && !ends.After(d.now()) {
		return Key{}, "", ErrKeyEnd
	}
	encoded, err := json.Marshal(grants)
	if err != nil {
		return Key{}, "", fmt.Errorf("directory: a key's grants: %w", err)
	}

	apiKey = secret.New(KeyPrefix)
	hash := secret.Of(apiKey)
	row := queries.InsertKeyParams{
		ID: hash.ID(), Hash: hash, Name: name, Grants: string(encoded), Creator: by.Actor, Ends: microsOf(ends),
	}
	err = d.change(ctx, by, func(c *change) error {
		row.Created = c.now
		if err := c.InsertKey(ctx, row); err != nil {
			return wrote(err, "the API key")
		}
		return c.done(KindKey, row.ID, "key made", KeyUser+name+" "+row.ID)
	})
	if err != nil {
		return Key{}, "", err
	}
	return Key{
		ID: row.ID, Hash: hash, Name: name, Grants: grants, Created: timeOf(row.Created), Creator: by.Actor,
		Ends: timeOf(row.Ends),
	}, apiKey, nil
}

// check refuses what is no pattern, and too many of them.
func (g Grants) check() error {
	n := 0
	for _, patterns := range [][]string{g.Read, g.Write, g.Create, g.Moderate} {
		for _, p := range patterns {
			if !validPattern(p) {
				return fmt.Errorf("directory: %q is no pattern: give an id, a prefix and *, or *", p)
			}
			n++
		}
	}
	if n > maxGrants {
		return fmt.Errorf("directory: %d patterns are too many: give at most %d", n, maxGrants)
	}
	return nil
}

// validPattern reports whether a text is an id, a prefix and *, or *.
func validPattern(p string) bool {
	if p == "*" {
		return true
	}
	if n := len(p); n > 0 && p[n-1] == '*' {
		p = p[:n-1]
	}
	return protocol.ConversationID(p).Valid()
}

// Keys returns all API keys in the order of their names, with those that have ended.
func (d *Directory) Keys(ctx context.Context) ([]Key, error) {
	rows, err := d.queries.Keys(ctx)
	if err != nil {
		return nil, read(err, "the API keys", nil)
	}
	keys := make([]Key, 0, len(rows))
	for _, row := range rows {
		k, err := keyOf(row)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// RevokeKey ends an API key by its id, or all of a name, and returns how many. It is ErrNoKey if there is none.
func (d *Directory) RevokeKey(ctx context.Context, by By, idOrName string) (revoked int, err error) {
	err = d.change(ctx, by, func(c *change) error {
		rows, err := c.Queries.Keys(ctx)
		if err != nil {
			return read(err, "the API keys", nil)
		}
		for _, row := range rows {
			if row.ID != idOrName && row.Name != idOrName {
				continue
			}
			if _, err := c.DeleteKey(ctx, row.ID); err != nil {
				return wrote(err, "the API key's end")
			}
			if err := c.done(KindKey, row.ID, "key revoked", KeyUser+row.Name+" "+row.ID); err != nil {
				return err
			}
			revoked++
		}
		if revoked == 0 {
			return ErrNoKey
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}

// UseKey raises when a key was used. Call it now and then, not for each request: it writes.
func (d *Directory) UseKey(ctx context.Context, id string) error {
	return d.change(ctx, By{}, func(c *change) error {
		return wrote(c.SetKeyUsed(ctx, queries.SetKeyUsedParams{Used: c.now, ID: id}), "when the key was used")
	})
}

func keyOf(row queries.ApiKey) (Key, error) {
	k := Key{
		ID: row.ID, Hash: row.Hash, Name: row.Name, Created: timeOf(row.Created), Creator: row.Creator,
		Ends: timeOf(row.Ends), Used: timeOf(row.Used),
	}
	if err := json.Unmarshal([]byte(row.Grants), &k.Grants); err != nil {
		return Key{}, fmt.Errorf("directory: the grants of key %s: %w", row.ID, err)
	}
	return k, nil
}
