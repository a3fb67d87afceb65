// Package arch holds the project's shape in place: its tests fail when a package
// reaches across or up the layers, when a file outgrows its reader, or when a
// rule that no compiler knows is broken.
//
// The layers are listed in layers_test.go. A new package must be given a place
// there, which is the moment to ask whether it is needed.
package arch
