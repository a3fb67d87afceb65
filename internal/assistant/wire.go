package assistant

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/understand"
)

// maxTokens bounds what the model writes. Only Anthropic's form needs it; of the other one there
// are two names for it, and no endpoint takes both. What is asked for is far below it.
const maxTokens = 500

// A message is one of a chat, in both forms.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// request is the body of a call. No temperature and no form of the answer is asked for: endpoints
// that speak OpenAI's form differ in what they take, and refuse a request for a member they do not
// know.
func (c *Client) request(q Question) any {
	if c.o.Provider == Anthropic {
		return struct {
			Model     string    `json:"model"`
			MaxTokens int       `json:"max_tokens"`
			System    string    `json:"system"`
			Messages  []message `json:"messages"`
		}{c.o.Model, maxTokens, q.system(), []message{{"user", q.chat()}}}
	}
	return struct {
		Model    string    `json:"model"`
		Messages []message `json:"messages"`
	}{c.o.Model, []message{{"system", q.system()}, {"user", q.chat()}}}
}

// call sends one request and returns the text of the answer, or why there is none.
func (c *Client) call(ctx context.Context, q Question) (text, failure string) {
	body, err := json.Marshal(c.request(q))
	if err != nil {
		return "", FailureFormat // unreachable: these are strings
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.URL, bytes.NewReader(body))
	if err != nil {
		return "", FailureUnreachable // unreachable: the URL was checked at start
	}
	req.Header.Set("Content-Type", "application/json")
	switch {
	case c.o.Provider == Anthropic:
		// The API requires a version; this is the form of request and answer that is read here.
		req.Header.Set("Anthropic-Version", "2023-06-01")
		if c.o.Key != "" {
			req.Header.Set("X-Api-Key", c.o.Key)
		}
	// An endpoint of one's own may need no key.
	case c.o.Key != "":
		req.Header.Set("Authorization", "Bearer "+c.o.Key)
	}
	// Errors are not logged: they hold the URL, and endpoints quote what they were sent.
	resp, err := c.http.Do(req)
	if err != nil {
		return "", FailureUnreachable
	}
	defer func() { _ = resp.Body.Close() }()
	// The body of a refusal is not read: it may quote the chat.
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusTooManyRequests:
		return "", FailureRateLimited
	default:
		return "", FailureRefused
	}
	// One byte more than the bound tells an answer that is too long from one that just fits.
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return "", FailureUnreachable
	case len(raw) > maxAnswer:
		return "", FailureTooLong
	}
	return c.text(raw)
}

// text takes the model's text out of an answer.
func (c *Client) text(raw []byte) (text, failure string) {
	// The names are matched in any case by encoding/json. Members of the other form stay empty.
	var a struct {
		Content []struct{ Type, Text string }
		Choices []struct{ Message message }
	}
	if json.Unmarshal(raw, &a) != nil {
		return "", FailureFormat
	}
	for _, part := range a.Content {
		// Some models put their reasoning in parts of other types.
		if part.Type == "text" {
			text += part.Text
		}
	}
	if c.o.Provider == OpenAI && len(a.Choices) > 0 {
		text = a.Choices[0].Message.Content
	}
	// An empty text may also be a refusal of the model, for which the forms have different members.
	if text == "" {
		return "", FailureFormat
	}
	return text, ""
}

// Bounds on a suggestion, which is stored with the message: of names in a list, of the bytes of a
// name, a time and the reply.
const (
	maxNames = 10
	maxName  = 100
	maxWhen  = 100
	maxReply = 2000
)

// parse reads a suggestion. Models put words or a code fence around it in spite of being told not
// to, so it is what stands between the first brace and the last.
func parse(text string) (s reply.Suggestion, failure string) {
	from, to := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}')
	if from < 0 || to < from {
		return s, FailureFormat
	}
	var a struct {
		Intent             understand.Intent
		Services, Products []string
		When, Reply        string
	}
	if json.Unmarshal([]byte(text[from:to+1]), &a) != nil {
		return s, FailureFormat
	}
	tooLong := func(name string) bool { return len(name) > maxName || !storable(name) }
	// Nothing is cut to fit: half an id or half a reply would say something else.
	if len(a.Intent) > maxName || len(a.When) > maxWhen || len(a.Reply) > maxReply ||
		len(a.Services) > maxNames || len(a.Products) > maxNames ||
		slices.ContainsFunc(slices.Concat(a.Services, a.Products), tooLong) ||
		!storable(string(a.Intent)+a.When+a.Reply) {
		return s, FailureFormat
	}
	// Whether the intent, the ids and the reply may be followed is for package reply to judge, by
	// the profile.
	return reply.Suggestion{
		Intent: a.Intent, Services: a.Services, Products: a.Products,
		When: strings.TrimSpace(a.When), Reply: strings.TrimSpace(a.Reply),
	}, ""
}

// storable reports whether the database takes a text as it is. PostgreSQL refuses a NUL in a text,
// and the write of the suggestion would fail for good.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
