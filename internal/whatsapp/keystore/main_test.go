package keystore

import (
	"testing"

	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }
