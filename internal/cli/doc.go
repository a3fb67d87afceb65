// Package cli is the command line of operators: "flowhq tenants …" over the admin API.
// "flowhq-dev up" shows QR codes through it.
//
// A command is a method of line: it reads its flags, calls the API, and prints. Exit codes are
// 0 for success, 1 for a failure, 2 for wrong usage, so that scripts can tell them apart.
// Results go to stdout, and what is said about them to stderr, so that a pipe gets results
// alone.
//
// The package decides nothing that the API decides: what is valid, who may do it, and in which
// state it makes sense. An operator with curl and one with this command read the same refusals.
//
// What comes from outside, such as the text of a customer, is shown without its control
// characters: they could write anything on an operator's terminal.
package cli
