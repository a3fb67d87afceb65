// Package uritemplates stands in for that of the Elasticsearch client.
package uritemplates

// Expand returns the template.
func Expand(template string, _ map[string]string) (string, error) { return template, nil }
