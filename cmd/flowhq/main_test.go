package main

import (
	"testing"

	"github.com/flowhq/flowhq/internal/usagetest"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	usagetest.Check(t, "flowhq", run, []usagetest.Row{
		{Args: "", Code: 2, Says: "usage: flowhq"},
		{Args: "help", Code: 0, Says: "usage: flowhq"},
		{Args: "explode", Code: 2, Says: `unknown command "explode"`},
		{Args: "simulate", Code: 2, Says: `unknown command "simulate"`},
		{Args: "worker -h", Code: 0, Says: "its settings are environment variables"},
		{Args: "api --help", Code: 0, Says: "its settings are environment variables"},
		{Args: "migrate now", Code: 2, Says: `"now" is one argument too many`},
		{Args: "worker -capacity 3", Code: 2, Says: "its settings are environment variables"},
		{Args: "tenants list -h", Code: 0, Says: "-limit"},
	})
}
