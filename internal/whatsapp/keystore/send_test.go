package keystore

import (
	"errors"
	"testing"
)

func TestSendReachesThePhone(t *testing.T) {
	const contact = "99_1"
	tests := []struct {
		name     string
		sessions []string // the library asks for
		advanced []string // and writes back
		begin    error
		finish   error
	}{
		{"one phone", []string{"99_1:0", "55_1:0"}, []string{"99_1:0", "55_1:0"}, nil, nil},
		{"the phone is left out", []string{"99_1:0", "99_1:3", "55_1:0"},
			[]string{"99_1:3", "55_1:0"}, nil, ErrNotEncrypted},
		{"a companion is left out", []string{"99_1:0", "99_1:3"}, []string{"99_1:0"}, nil, nil},
		{"no phone in the list", []string{"99_1:3", "99_1:4"}, []string{"99_1:4"}, nil, nil},
		{"none at all", []string{"55_1:0", "99_10:0", "199_1:0"}, nil, ErrNoDevices, nil},
	}
	for _, tt := range tests {
		s := &send{contact: contact}
		if err := s.begin(tt.sessions); !errors.Is(err, tt.begin) {
			t.Errorf("%s: begin = %v; want %v", tt.name, err, tt.begin)
		}
		if tt.begin != nil {
			continue
		}
		advanced := map[string][]byte{}
		for _, a := range tt.advanced {
			advanced[a] = nil
		}
		if err := s.finish(advanced); !errors.Is(err, tt.finish) || s.isComplete != (tt.finish == nil) {
			t.Errorf("%s: finish = %v, complete %v; want %v", tt.name, err, s.isComplete, tt.finish)
		}
	}
}
