package api

import (
	"context"
	_ "embed"
)

//go:embed openapi.yaml
var openAPIText []byte

// document is the description of this API.
type document []byte

func (d document) content() (string, []byte) { return "application/yaml", d }

// openAPI handles GET /openapi.yaml. It needs no password: it is the same for every installation
// and has nothing of this one.
func (a *API) openAPI(context.Context, nothing) (document, error) { return openAPIText, nil }
