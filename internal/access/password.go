package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/flowhq/flowhq"
)

// Parameters of argon2id: the first choice of the OWASP Password Storage Cheat Sheet
// (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id), which
// costs an attacker as much as the others it lists, with the least memory but two.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2        // passes
	argonThreads = 1
	saltBytes    = 16 // RFC 9106 §3.1
	hashBytes    = 32
)

// Bounds of hashing at the same time. A storm of sign-ins waits; it takes neither the machine's
// memory nor the processors of those who are signed in.
const (
	// maxWaiting is how many passwords may wait to be hashed. One took 130 ms on two busy processors,
	// so the last of them waits for some four seconds, which is within a request's time.
	maxWaiting = 64
)

// hashForm is the form of a hash in the database, that of the reference implementation. It has the
// parameters, so hashes made with others stay valid.
const hashForm = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s"

// A Hasher hashes passwords, few at a time.
type Hasher struct {
	slots   chan struct{}
	waiting chan struct{}
	// nobody is the hash of no password. An address without an account is compared with it, so that
	// the time of the answer does not tell which addresses have one.
	nobody string
}

// NewHasher returns a Hasher with as many slots as processors, two at least and four at most: each
// takes 19 MiB.
func NewHasher() *Hasher {
	n := min(max(runtime.GOMAXPROCS(0), 2), 4)
	return &Hasher{
		slots: make(chan struct{}, n), waiting: make(chan struct{}, maxWaiting),
		nobody: hash(NewToken()),
	}
}

// Hash returns what to store of a password. An error has code Unavailable: too many wait.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return hash(password), nil
}

// Matches reports whether a password is the one that was hashed. With "", which is of an account
// without a password or of none, it takes as long and reports false.
func (h *Hasher) Matches(ctx context.Context, stored, password string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	known := stored != ""
	if !known {
		stored = h.nobody
	}
	same, err := matches(stored, password)
	return same && known, err
}

// enter takes a slot.
func (h *Hasher) enter(ctx context.Context) error {
	const message = "too many people sign in at this moment; try again in a few seconds"
	select {
	case h.waiting <- struct{}{}:
	default:
		return flowhq.Errorf(flowhq.Unavailable, message)
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-h.waiting
		return &flowhq.Error{Code: flowhq.Unavailable, Message: message, Err: ctx.Err()}
	}
}

// leave gives the slot back.
func (h *Hasher) leave() {
	<-h.slots
	<-h.waiting
}

// hash hashes a password with a new salt.
func hash(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails, by its own promise
	sum := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, hashBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(hashForm, argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// Bounds on the parameters of a stored hash. The database is ours, but a row that was changed by
// hand must not take all memory.
const (
	maxArgonMemory = 256 << 10 // KiB
	maxArgonTime   = 20
)

// matches compares in constant time.
func matches(stored, password string) (bool, error) {
	var version int
	var memory, time uint32
	var threads uint8
	var rest string
	_, err := fmt.Sscanf(stored, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s",
		&version, &memory, &time, &threads, &rest)
	salt64, sum64, ok := strings.Cut(rest, "$")
	salt, saltErr := base64.RawStdEncoding.DecodeString(salt64)
	sum, sumErr := base64.RawStdEncoding.DecodeString(sum64)
	if err != nil || !ok || saltErr != nil || sumErr != nil || version != argon2.Version ||
		memory > maxArgonMemory || time < 1 || time > maxArgonTime || threads < 1 || len(sum) == 0 {
		return false, flowhq.Errorf(flowhq.Internal, "the hash of a password is malformed")
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1, nil
}
