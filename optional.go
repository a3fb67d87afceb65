package flowhq

import "encoding/json"

// An Optional is a field of a change that has three cases, and JSON shows all of them: the
// field is left out and stays as it is, it is null and goes back to its default, or it has a
// value. A plain pointer cannot tell the first from the second.
type Optional[T any] struct {
	Set   bool // the field is in the change
	Value *T   // nil is null; only looked at if Set
}

// Some is the Optional that sets a field to v.
func Some[T any](v T) Optional[T] { return Optional[T]{Set: true, Value: &v} }

// Null is the Optional that sets a field back to its default.
func Null[T any]() Optional[T] { return Optional[T]{Set: true} }

// UnmarshalJSON takes a value or null. It is not called for a field that is left out, which
// therefore stays unset.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	o.Set = true
	return json.Unmarshal(data, &o.Value)
}

// MarshalJSON is the inverse of UnmarshalJSON. The tag of a field needs omitzero, or one that
// is unset would be null.
func (o Optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.Value) }
