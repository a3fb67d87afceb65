// Package contract holds HTTP exchanges against an OpenAPI description. Tests wrap their clients
// with a [Transport]: every request and answer that passes is checked, whatever the test is about,
// and noted, so that a package of tests can say which answers it never saw.
//
// It is for tests only. libopenapi-validator is used since it reads OpenAPI 3.1, whose schemas are
// JSON Schema 2020-12, and brings ten small modules.
package contract

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	problems "github.com/pb33f/libopenapi-validator/errors"
	"gopkg.in/yaml.v3"
)

// methods are the keys of a path in a description that are operations.
var methods = []string{"get", "put", "post", "delete", "patch"}

// An Answer is a way in which an operation may be answered.
type Answer struct {
	Method, Path string // as the description has them, such as GET and /admin/tenants/{id}
	Status       int
}

// String is the answer on one line.
func (a Answer) String() string { return fmt.Sprintf("%s %s: %d", a.Method, a.Path, a.Status) }

// A Contract is a description that is known to be valid. It is safe for concurrent use.
type Contract struct {
	root      map[string]any
	validator validator.Validator
	// byLength are the paths by their number of segments.
	byLength map[int][]string

	// mu guards seen: tests that run side by side share one Contract.
	mu   sync.Mutex
	seen map[Answer]int // how often each answer has passed
}

// Load reads a description, and fails if it is no valid OpenAPI 3.1. It takes about a second, so
// tests of one package share what it returns.
func Load(text []byte) (*Contract, error) {
	// The validator keeps the description to itself, so the text is parsed once more for what else
	// is asked of it.
	c := &Contract{byLength: map[int][]string{}, seen: map[Answer]int{}}
	if err := yaml.Unmarshal(text, &c.root); err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	// Who may ask for what is tested elsewhere, with every kind of principal.
	v, errs := validator.NewValidator(document, config.WithFormatAssertions(),
		config.WithoutSecurityValidation())
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if ok, found := v.ValidateDocument(); !ok {
		return nil, fmt.Errorf("the description is not valid OpenAPI: %w", join(found))
	}
	// In OpenAPI 3.0 the same schemas mean something else, such as of null.
	if version := document.GetVersion(); !strings.HasPrefix(version, "3.1.") {
		return nil, fmt.Errorf("the description is OpenAPI %s; want 3.1", version)
	}
	c.validator = v
	// A test may send thousands of requests; most paths have another length than theirs.
	for path := range c.at("paths") {
		n := strings.Count(path, "/")
		c.byLength[n] = append(c.byLength[n], path)
	}
	return c, nil
}

// at returns the object at a path of keys, following references; nil if there is none.
func (c *Contract) at(keys ...string) map[string]any {
	// A key that is not there ends in a nil map, in which every other key is missing too.
	n := c.root
	for _, key := range keys {
		child, _ := n[key].(map[string]any)
		n = c.resolve(child)
	}
	return n
}

// resolve follows references within the description. Only references within the text are followed:
// the description is one file.
func (c *Contract) resolve(n map[string]any) map[string]any {
	ref, ok := n["$ref"].(string)
	if !ok {
		return n
	}
	return c.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// Path returns the described path that an address belongs to, "" if there is none. A path without
// parameters goes before one with.
func (c *Contract) Path(address string) string {
	// More parameters than any path has, so that the first one that fits is taken.
	best, fewest := "", 1<<30
	segments := strings.Split(address, "/")
	// A path of another number of segments cannot fit.
	for _, path := range c.byLength[len(segments)-1] {
		parameters := 0
		same := true
		for i, want := range strings.Split(path, "/") {
			// A parameter stands for one segment, and never for an empty one.
			if strings.HasPrefix(want, "{") && segments[i] != "" {
				parameters++
			} else if want != segments[i] {
				same = false
				break
			}
		}
		// /tenants/new is described beside /tenants/{id}, and goes before it.
		if same && parameters < fewest {
			best, fewest = path, parameters
		}
	}
	return best
}

// Operation returns the description of an operation, nil if there is none, as for a path that is
// "". HEAD is described by GET.
func (c *Contract) Operation(method, path string) map[string]any {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return c.at("paths", path, strings.ToLower(method))
}

// Answers returns all described answers, in order.
func (c *Contract) Answers() (all []Answer) {
	for path := range c.at("paths") {
		for _, method := range methods {
			// An operation that does not exist has no responses, and adds nothing.
			responses, _ := c.Operation(method, path)["responses"].(map[string]any)
			for status := range responses {
				// "default" is no status, and stands for no answer that a test could see.
				n, err := strconv.Atoi(status)
				if err == nil {
					all = append(all, Answer{strings.ToUpper(method), path, n})
				}
			}
		}
	}
	// Maps have no order, and the list is compared and printed.
	slices.SortFunc(all, func(a, b Answer) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// Seen returns how often each answer has passed.
func (c *Contract) Seen() map[Answer]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A copy: other tests go on counting while the caller reads.
	return maps.Clone(c.seen)
}

// note counts an answer.
func (c *Contract) note(a Answer) {
	// HEAD is described by GET, so both count as one.
	if a.Method == http.MethodHead {
		a.Method = http.MethodGet
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[a]++
}

// join makes one error of what the validator found.
func join(found []*problems.ValidationError) error {
	// The validator's own error tells only how many there are.
	var all []error
	// The reason alone names the type; what is wrong within it is in its schema errors.
	for _, p := range found {
		all = append(all, errors.New(p.Message+": "+p.Reason))
		for _, s := range p.SchemaValidationErrors {
			all = append(all, fmt.Errorf("at %q: %s", s.FieldPath, s.Reason))
		}
	}
	return errors.Join(all...)
}
