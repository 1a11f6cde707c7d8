package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"verbatim/identity/token"
	"verbatim/server"
)

type tokenCommand struct {
	User     string        `arg:"" help:"The user that the token is for."`
	For      time.Duration `default:"1h" placeholder:"TIME" env:"-"`
	Name     string        `placeholder:"NAME" env:"-"`
	Read     []string      `placeholder:"PATTERN" env:"-"`
	Write    []string      `placeholder:"PATTERN" env:"-"`
	Create   []string      `placeholder:"PATTERN" env:"-"`
	Moderate []string      `placeholder:"PATTERN" env:"-"`

	TokenSecret   string `placeholder:"FILE"`
	TokenKey      string `placeholder:"FILE" env:"-"`
	TokenIssuer   string `placeholder:"ISS"`
	TokenAudience string `placeholder:"AUD"`
}

// Run prints a token.
func (c *tokenCommand) Run(out *server.Streams) error {
	signer, err := c.signer()
	if err != nil {
		return refused{err}
	}
	made, err := signer.Make(token.Claims{
		User: c.User, Name: c.Name, Issuer: c.TokenIssuer, Audience: c.TokenAudience,
		Read: c.Read, Write: c.Write, Create: c.Create, Moderate: c.Moderate,
		Issued: time.Now(), Life: c.For,
	})
	if err != nil {
		return refused{err}
	}
	_, err = io.WriteString(out.Stdout, made+"\n")
	return err
}

func (c *tokenCommand) signer() (token.Signer, error) {
	switch {
	case c.TokenSecret != "" && c.TokenKey != "":
		return token.Signer{}, errors.New("--token-secret and --token-key: give one of them")
	case c.TokenSecret != "":
		secret, err := token.ReadSecret(c.TokenSecret)
		if err != nil {
			return token.Signer{}, fmt.Errorf("--token-secret: %w", err)
		}
		return token.SecretSigner(secret), nil
	case c.TokenKey != "":
		signer, err := token.ReadSigner(c.TokenKey)
		if err != nil {
			return token.Signer{}, fmt.Errorf("--token-key: %w", err)
		}
		return signer, nil
	}
	return token.Signer{}, errors.New("give what signs the token: --token-secret, the server's own, " +
		"or --token-key, the private key of one that it knows")
}
