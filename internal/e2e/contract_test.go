package e2e

import (
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/flowhq/flowhq/internal/contract"
)

// described is openapi.yaml.
var described = sync.OnceValue(func() *contract.Contract {
	text, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		panic(err)
	}
	c, err := contract.Load(text)
	if err != nil {
		panic(err)
	}
	return c
})

// client is for requests to base. Those to an API are held against openapi.yaml; the simulator's
// control API is no part of it.
func (s *stand) client(base string) *http.Client {
	if strings.HasPrefix(base, s.sim) {
		return http.DefaultClient
	}
	return &http.Client{Transport: contract.Transport{Contract: described(),
		Report: func(err error) { s.t.Errorf("not as openapi.yaml says: %v", err) }}}
}
