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

// openAPI handles GET /openapi.yaml.
func (a *API) openAPI(context.Context, nothing) (document, error) { return openAPIText, nil }
