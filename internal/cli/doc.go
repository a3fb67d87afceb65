// Package cli is the command line of operators: "flowhq tenants …" over the admin
// API. "flowhq-dev up" shows QR codes through it.
//
// What comes from outside, such as the text of a customer, is shown without its
// control characters: they could write anything on an operator's terminal.
package cli
