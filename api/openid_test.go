package api

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/openid"
)

// A provider is an OpenID provider that a test runs. Each sign-in is one that claims changes.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu sync.Mutex
	// hang names a path that does not answer, and status is that of the token endpoint.
	hang   string
	status int
	signer *rsa.PrivateKey // signs in place of key
	claims func(claims map[string]any)
	asked  url.Values // of the authorization endpoint, last
	codes  map[string]url.Values
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, signer: key, codes: map[string]url.Values{}}
	stop := make(chan struct{})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		hangs := p.hang == r.URL.Path
		p.mu.Unlock()
		if hangs {
			select {
			case <-r.Context().Done():
			case <-stop:
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": p.URL,
				"authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token",
				"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
		case "/keys":
			e := big.NewInt(int64(key.E)).Bytes()
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{"kty": "RSA",
				"alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(e)}}})
		case "/token":
			p.token(w, r)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(func() { close(stop); p.Close() })
	return p
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token redeems a code, once, by its verifier.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := r.PostFormValue("code")
	asked, ok := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if p.status != 0 || !ok || b64(challenge[:]) != asked.Get("code_challenge") ||
		asked.Get("code_challenge_method") != "S256" {
		w.WriteHeader(max(p.status, http.StatusBadRequest))
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	claims := map[string]any{"iss": p.URL, "sub": "1", "aud": "flowhq",
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		"nonce": asked.Get("nonce"), "email": "asha@example.com", "email_verified": true}
	if p.claims != nil {
		p.claims(claims)
	}
	body, _ := json.Marshal(claims)
	signed := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(nil, p.signer, crypto.SHA256, sum[:])
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer",
		"id_token": signed + "." + b64(signature)})
}

// signInThere is what a browser does: it returns the address that the provider sends it back to,
// and its cookie.
func (f *fixture) signInThere(p *provider) (back, cookie string) {
	f.Helper()
	begun := f.visit("/auth/openid", "")
	if begun.StatusCode != http.StatusSeeOther {
		f.Fatalf("GET /auth/openid: %d %s", begun.StatusCode, begun.body)
	}
	to, err := url.Parse(begun.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), p.URL+"/auth?") {
		f.Fatalf("Location %s", to)
	}
	c := begun.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 600 || c.Name != "flowhq-openid" {
		f.Errorf("cookie %+v", c)
	}
	q := to.Query()
	if q.Get("redirect_uri") != "https://hq.example.com/auth/openid/callback" ||
		q.Get("response_type") != "code" || q.Get("client_id") != "flowhq" || q.Get("nonce") == "" {
		f.Errorf("asked for %v", q)
	}
	code := access.NewToken()
	p.mu.Lock()
	p.codes[code], p.asked = q, q
	p.mu.Unlock()
	return "/auth/openid/callback?" + url.Values{"code": {code}, "state": {q.Get("state")},
		"session_state": {"x"}}.Encode(), c.Name + "=" + c.Value
}

// visit asks like a browser that does not follow the answer.
func (f *fixture) visit(path, cookie string) answer {
	f.Helper()
	client := http.Client{Transport: http.DefaultClient.Transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	q, err := http.NewRequestWithContext(f.Context(), "GET", f.url+path, nil)
	if err != nil {
		f.Fatal(err)
	}
	if cookie != "" {
		q.Header.Set("Cookie", cookie)
	}
	p, err := client.Do(q)
	if err != nil {
		f.Fatal(err)
	}
	defer p.Body.Close()
	a := answer{Response: p}
	if a.body, err = io.ReadAll(p.Body); err != nil {
		f.Fatal(err)
	}
	name, _, _ := strings.Cut(path, "?")
	for _, problem := range f.spec.checkAnswer("GET", name, p, a.body) {
		f.Errorf("GET %s: %d: %s", name, p.StatusCode, problem)
	}
	return a
}

func openIDSetup(t *testing.T, p *provider) *fixture {
	t.Helper()
	return setup(t, func(o *Options) {
		o.PublicURL = "https://hq.example.com"
		o.OpenID = openid.New(openid.Options{Issuer: p.URL, ClientID: "flowhq", ClientSecret: "s",
			RedirectURL: o.PublicURL + OpenIDPath})
	})
}

// TestOpenID: a verified address signs its account in, an operator's or a user's, invited only or
// not.
func TestOpenID(t *testing.T) {
	p := newProvider(t)
	f := openIDSetup(t, p)
	f.send(call{method: "POST", path: "/admin/operators",
		body: `{"email":"asha@example.com","name":"A","role":"OWNER"}`}, 201)
	id := f.create()
	f.join("/admin/tenants/"+string(id)+"/users", "juma@example.com", flowhq.RoleStaff)
	for email, want := range map[string]string{"ASHA@example.com": `{"kind": "OPERATOR", "name": "asha@example.com"}`, "juma@example.com": `{"kind": "USER", "name": "juma@example.com"}`} {
		p.claims = func(c map[string]any) { c["email"] = email }
		back, cookie := f.signInThere(p)
		in := f.visit(back, cookie)
		if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "https://hq.example.com/" {
			t.Fatalf("%s: %d %s", email, in.StatusCode, in.body)
		}
		session := ""
		for _, c := range in.Cookies() {
			if c.Name == "flowhq" {
				session = c.Value
			} else if c.MaxAge >= 0 {
				t.Errorf("the cookie %s stays", c.Name)
			}
		}
		f.contains(f.send(call{method: "GET", path: "/auth/me",
			header: as("Cookie", "flowhq="+session)}, 200).json, want)
		if again := f.visit(back, cookie); again.StatusCode != http.StatusConflict {
			t.Errorf("%s: replayed: %d %s", email, again.StatusCode, again.body)
		}
	}
	if e := must(f.store.Events(t.Context(), id, 1))(t)[0]; e.Type != flowhq.EventSignedIn ||
		e.Reason != "by the OpenID provider" || e.Actor != "user juma@example.com (127.0.0.1)" {
		t.Errorf("event %+v", e)
	}
}

// TestOpenIDRefuses: whatever is wrong signs nobody in, makes no account, and is told.
func TestOpenIDRefuses(t *testing.T) {
	p := newProvider(t)
	f := openIDSetup(t, p)
	gone := f.join("/admin/operators", "gone@example.com", flowhq.RoleViewer)
	f.join("/admin/operators", "asha@example.com", flowhq.RoleOwner)
	f.join("/admin/operators", "kim@example.com", flowhq.RoleOwner)
	f.send(call{method: "PATCH", path: "/admin/operators/" + gone, body: `{"disabled":true}`}, 200)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	for name, tt := range map[string]struct {
		claims func(map[string]any)
		signer *rsa.PrivateKey
		status int
	}{
		"another nonce":    {claims: set("nonce", "x")},
		"no nonce":         {claims: set("nonce", "")},
		"another audience": {claims: set("aud", "other")},
		"another party": {claims: func(c map[string]any) {
			c["aud"],
				c["azp"] = []string{"flowhq", "other"}, "other"
		}},
		"no party of several":  {claims: set("aud", []string{"flowhq", "other"})},
		"another issuer":       {claims: set("iss", "https://evil.example.com")},
		"expired":              {claims: set("exp", time.Now().Add(-time.Hour).Unix())},
		"unverified":           {claims: set("email_verified", false)},
		"verified not said":    {claims: func(c map[string]any) { delete(c, "email_verified") }},
		"verified oddly":       {claims: set("email_verified", "yes")},
		"no address":           {claims: set("email", "")},
		"address is no text":   {claims: set("email", 7)},
		"nobody's address":     {claims: set("email", "nobody@example.com")},
		"a Kelvin sign":        {claims: set("email", "\u212aim@example.com")},
		"a long address":       {claims: set("email", strings.Repeat("x", 1000)+"@example.com")},
		"disabled":             {claims: set("email", "gone@example.com")},
		"another key":          {signer: other},
		"the provider refuses": {status: 401},
	} {
		// Each counts as a wrong password; the next case is not to wait for that.
		f.api.auth.limiter = newPasswordLimiter()
		p.claims, p.status, p.signer = tt.claims, tt.status, p.key
		if tt.signer != nil {
			p.signer = tt.signer
		}
		got := f.visit(f.signInThere(p))
		if got.StatusCode != http.StatusUnauthorized ||
			slices.ContainsFunc(got.Cookies(), func(c *http.Cookie) bool { return c.Name == "flowhq" }) {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	p.claims, p.status, p.signer = nil, 0, p.key
	back, cookie := f.signInThere(p)
	_, another := f.signInThere(p)
	for name, tt := range map[string]struct {
		back, cookie string
		status       int
	}{
		"no cookie":                {back, "", 409},
		"another browser's cookie": {back, another, 409},
		"an odd cookie":            {back, "flowhq-openid=x", 409},
		"an empty cookie":          {"/auth/openid/callback?code=x&state=", "flowhq-openid=..", 409},
		"no code":                  {strings.Replace(back, "code=", "kode=", 1), cookie, 400},
		"the person says no": {strings.Replace(back, "code=", "error=access_denied&kode=", 1),
			cookie, 401},
		"nothing": {"/auth/openid/callback", "", 409},
	} {
		if got := f.visit(tt.back, tt.cookie); got.StatusCode != tt.status {
			t.Errorf("%s: %d %s; want %d", name, got.StatusCode, got.body, tt.status)
		}
	}
	if n := len(f.get("/admin/operators").json.(node)["accounts"].([]any)); n != 3 {
		t.Errorf("there are %d accounts; want the 3 that were invited", n)
	}
	eventually(t, "refused sign-ins are events", func() bool {
		return slices.Contains(f.get("/admin/fleet").names("events", "type"), "SIGN_IN_REFUSED")
	})
}

// TestOpenIDHangs: a provider that does not answer costs a sign-in its time, and nobody else
// anything.
func TestOpenIDHangs(t *testing.T) {
	p := newProvider(t)
	f := openIDSetup(t, p)
	f.join("/admin/operators", "asha@example.com", flowhq.RoleOwner)
	hang := func(path string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hang = path
	}
	hang("/.well-known/openid-configuration")
	if got := f.visit("/auth/openid", ""); got.StatusCode != http.StatusServiceUnavailable ||
		got.Header.Get("Retry-After") == "" {
		t.Errorf("no discovery: %d %s", got.StatusCode, got.body)
	}
	start := time.Now()
	if got := f.visit("/auth/openid", ""); got.StatusCode != 503 || time.Since(start) > time.Second {
		t.Errorf("the next one: %d after %v", got.StatusCode, time.Since(start))
	}
	f.send(call{method: "GET", path: "/readyz"}, 200)
	hang("")
	f.api.OpenID = openid.New(openid.Options{Issuer: p.URL, ClientID: "flowhq", ClientSecret: "s",
		RedirectURL: "https://hq.example.com" + OpenIDPath})
	for _, path := range []string{"/token", "/keys"} {
		hang("")
		back, cookie := f.signInThere(p)
		hang(path)
		if got := f.visit(back, cookie); got.StatusCode != 503 {
			t.Errorf("%s hangs: %d %s", path, got.StatusCode, got.body)
		}
	}
	hang("")
	if got := f.visit(f.signInThere(p)); got.StatusCode != http.StatusSeeOther {
		t.Errorf("back again: %d %s", got.StatusCode, got.body)
	}
	f.api.OpenID = nil
	for _, path := range []string{"/auth/openid", "/auth/openid/callback?code=x&state=x"} {
		if got := f.visit(path, ""); got.StatusCode != 404 && got.StatusCode != 409 {
			t.Errorf("without a provider: GET %s: %d", path, got.StatusCode)
		}
	}
}
