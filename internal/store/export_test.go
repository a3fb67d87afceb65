package store

// What the tests of this package, which are outside of it, need from inside.
var (
	NewMigrate = newMigrate
	Classify   = classify
)

const TurnLock = int64(turnLock)
