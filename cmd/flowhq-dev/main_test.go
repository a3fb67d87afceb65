package main

import (
	"testing"

	"github.com/flowhq/flowhq/internal/usagetest"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	usagetest.Check(t, "flowhq-dev", run, []usagetest.Row{
		{Args: "", Code: 2, Says: "usage: flowhq-dev"},
		{Args: "help", Code: 0, Says: "usage: flowhq-dev"},
		{Args: "worker", Code: 2, Says: `unknown command "worker"`},
		{Args: "up -h", Code: 0, Says: "-whatsapp"},
		{Args: "simulate -h", Code: 0, Says: "-control"},
		{Args: "simulate extra", Code: 2, Says: `"extra" is one argument too many`},
		{Args: "simulate -colour", Code: 2, Says: "not defined"},
		{Args: "testenv -h", Code: 0, Says: "usage: flowhq-dev testenv"},
	})
}
