// Package cli is the command line of operators: "flowhq tenants …" over the admin
// API. It also has the two things that "flowhq dev" shows people in the same way,
// the API's answers and QR codes.
//
// What comes from outside, such as the text of a customer, is shown without its
// control characters: they could write anything on an operator's terminal.
package cli
