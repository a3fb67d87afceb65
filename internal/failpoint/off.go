//go:build !failpoints

package failpoint

// Hit does nothing: this program was built without failpoints.
func Hit(string) {}

// HitFor does nothing either.
func HitFor(_, _ string) {}
