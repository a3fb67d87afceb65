// Package openid has people sign in with an OpenID Connect provider, by the authorization code flow
// with PKCE (RFC 7636), state and nonce.
//
// It says which verified e-mail address somebody has shown to have, and nothing else: whether that
// address has an account, and what the account may do, is for the caller.
package openid

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/flowhq/flowhq"
)

// Limits on the provider, which is another program and may hang or be compromised.
const (
	// requestTimeout bounds one request. A sign-in makes up to three, so a provider that hangs is
	// noticed within the ten seconds that a request here may take.
	requestTimeout = 3 * time.Second
	// maxAnswer bounds one answer, in bytes. go-oidc and oauth2 read what comes.
	maxAnswer = 1 << 20
	// discoverEvery is the least time between two tries to discover a provider that does not
	// answer, so that waiting people do not each wait for it.
	discoverEvery = 5 * time.Second
)

// Options say who the provider is. All are required.
type Options struct {
	Issuer       string // URL
	ClientID     string
	ClientSecret string
	RedirectURL  string // where the provider sends people back to
}

// A Provider signs people in. It asks the real one first when somebody signs in, so nothing here
// depends on whether that is up.
type Provider struct {
	options Options
	client  *http.Client

	mu       sync.Mutex
	found    *oidc.Provider
	failed   error
	failedAt time.Time
}

// New returns a Provider that has not been asked for anything. The Provider has a client of its
// own, as the default one has no timeout.
func New(o Options) *Provider {
	return &Provider{options: o, client: &http.Client{
		Timeout: requestTimeout, Transport: bounded{http.DefaultTransport},
	}}
}

// A Secret is what one sign-in is bound to: the browser keeps it, and nobody else knows it.
type Secret struct {
	State    string // comes back in the address
	Nonce    string // comes back in the ID token
	Verifier string // of PKCE: shows that who redeems the code is who asked for it
}

// AuthURL returns where to send the browser. An error has code Unavailable. ctx may end while
// discover waits for another caller's try; then nobody reads the address.
func (p *Provider) AuthURL(ctx context.Context, s Secret) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(found).AuthCodeURL(s.State, oidc.Nonce(s.Nonce),
		oauth2.S256ChallengeOption(s.Verifier)), ctx.Err()
}

// Email redeems a code for the verified e-mail address of who has signed in with the provider. An
// error has code Refused if the provider, or what it says, does not show one, and Unavailable if it
// does not answer.
func (p *Provider) Email(ctx context.Context, code string, s Secret) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	// What the provider answers below 500 is about this code, and final. All else may pass with
	// time.
	token, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(s.Verifier))
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok &&
		answer.Response.StatusCode < http.StatusInternalServerError {
		return "", refused("the provider takes this code for none, or for one that was used", err)
	}
	if err != nil {
		return "", unavailable(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", refused("the provider gave no ID token", nil)
	}
	// It checks the signature by the provider's keys, the issuer, the audience and the times.
	id, err := found.Verifier(&oidc.Config{ClientID: p.options.ClientID}).Verify(ctx, raw)
	// The library hides the cause (oidc/verify.go, "failed to verify signature: %v"), so that keys
	// which cannot be read look like a wrong signature but for these words of jwks.go.
	if err != nil && strings.Contains(err.Error(), "fetching keys") {
		return "", unavailable(err)
	}
	if err != nil {
		return "", refused("the provider's ID token is not valid here", err)
	}
	// The library leaves the nonce and the address to its caller.
	return p.email(id, s.Nonce)
}

// claims are what is read of an ID token.
type claims struct {
	Email string `json:"email"`
	// Verified is a boolean by the standard. Some providers send a text.
	Verified any `json:"email_verified"`
	// Party is to whom the token was issued, if it is for several.
	Party string `json:"azp"`
}

// email checks what the signature does not cover.
func (p *Provider) email(id *oidc.IDToken, nonce string) (string, error) {
	// Without the nonce a token that was stolen from another sign-in would do.
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return "", refused("the provider's ID token is of another sign-in", nil)
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return "", refused("the provider's ID token is malformed", err)
	}
	if c.Party != p.options.ClientID && (c.Party != "" || len(id.Audience) > 1) {
		return "", refused("the provider's ID token was issued to another program", nil)
	}
	switch {
	case c.Email == "":
		return "", refused("the provider does not tell the e-mail address", nil)
	// An address that is not verified may be anybody's: whoever types an operator's at the provider
	// would come in as the operator.
	case c.Verified != true && c.Verified != "true":
		return "", refused("the provider has not verified the e-mail address", nil)
	}
	return c.Email, nil
}

// oauth returns how to ask a provider that was found.
func (p *Provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret,
		Endpoint: found.Endpoint(), RedirectURL: p.options.RedirectURL,
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

// discover reads the provider's description, once. One that failed is tried again after a while.
// The context does not end with the request: go-oidc keeps it for the provider's keys.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	// One asks at a time, and those who wait get the answer of the first.
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.failed != nil && time.Since(p.failedAt) < discoverEvery {
		return nil, p.failed
	}
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	found, err := oidc.NewProvider(ctx, p.options.Issuer)
	if err != nil {
		p.failed, p.failedAt = unavailable(err), time.Now()
		return nil, p.failed
	}
	p.found = found
	return found, nil
}

func refused(message string, err error) error {
	return &flowhq.Error{Code: flowhq.Refused, Message: message, Err: err}
}

func unavailable(err error) error {
	return &flowhq.Error{
		Code: flowhq.Unavailable, Err: err,
		Message: "the OpenID provider does not answer; try again, or use the password",
	}
}

// bounded cuts answers at maxAnswer.
type bounded struct{ http.RoundTripper }

// RoundTrip sends a request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}
