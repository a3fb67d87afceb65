package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// defaultNamespace is Temporal's namespace unless something names another.
const defaultNamespace = "flowhq"

// A TemporalAccess is how Temporal lets a client in: TLS, client certificate, API key,
// headers. Like a Secret it cannot be printed.
type TemporalAccess struct{ options client.Options }

// Options returns the options of a client with what lets it in, and nothing else.
func (t TemporalAccess) Options() client.Options { return t.options }

// Format writes "[redacted]" for every verb.
func (TemporalAccess) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (TemporalAccess) LogValue() slog.Value { return slog.StringValue(redacted) }

// Variables of the SDK's environment configuration that are checked here, because the SDK
// would ignore a wrong value or name no variable in its error. It reads some more.
const (
	temporalTLS     = "TEMPORAL_TLS"
	temporalNoCheck = "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"
	temporalFile    = "TEMPORAL_CONFIG_FILE"
	temporalProfile = "TEMPORAL_PROFILE"
	serverCA        = "TEMPORAL_TLS_SERVER_CA_CERT_PATH"
	clientCert      = "TEMPORAL_TLS_CLIENT_CERT_PATH"
)

// temporal reads how to reach Temporal, as the SDK's environment configuration has it.
// Its file is read only where a variable asks for it: the profile that a person made for
// a tool must not lead a worker elsewhere.
func (e *environment) temporal() envconfig.ClientConfigProfile {
	for _, name := range []string{temporalTLS, temporalNoCheck} {
		e.flag(name) // the SDK takes what it does not understand for "not set"
	}
	file := e.text(temporalFile, "")
	if _, err := os.Stat(file); file != "" && err != nil {
		e.problem(temporalFile, "cannot be read: %v", cause(err))
		return envconfig.ClientConfigProfile{}
	}
	name := e.text(temporalProfile, "")
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{
		DisableFile: file == "" && name == "", EnvLookup: lookup{e},
	})
	if err != nil && strings.Contains(err.Error(), "unable to find profile") {
		e.problem(temporalProfile, "the configuration file has no profile %q", name)
	} else if err != nil { // not shown, as it may repeat a secret of the file
		e.problem(temporalFile,
			"is not a configuration file of Temporal's clients, in TOML with a table [profile.%s]",
			cmp.Or(name, envconfig.DefaultConfigFileProfile))
	}
	profile.Namespace = cmp.Or(profile.Namespace, defaultNamespace)
	return profile
}

// access makes the options of a client from a profile. Only a process that needs Temporal
// does so: others may have no right to read the files of certificates.
func (e *environment) access(p envconfig.ClientConfigProfile) TemporalAccess {
	// The parts are checked first, as the SDK's error would not name the variable.
	if p.TLS != nil && !p.TLS.Disabled && !e.certificates(*p.TLS) {
		return TemporalAccess{}
	}
	options, err := p.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		// The SDK's errors name no variable, and say only in words which file they mean.
		name := clientCert
		if strings.Contains(err.Error(), "server CA") {
			name = serverCA
		}
		e.problem(name, "the certificate or its key is not usable PEM: %v", cause(err))
	}
	// Both are settings of their own, which the caller sets: see Options.
	options.HostPort, options.Namespace = "", ""
	return TemporalAccess{options}
}

// certificates notes what is wrong with the parts of the certificates, and reports whether
// nothing is: each is a file or the data themselves, not both, and a client's certificate
// and its key come together.
func (e *environment) certificates(t envconfig.ClientConfigTLS) (ok bool) {
	before := len(e.problems) // of other variables
	const cert, key = clientCert, "TEMPORAL_TLS_CLIENT_KEY_PATH"
	given := map[string]bool{} // by variable, in a file or as data
	for _, part := range []struct {
		name, path, otherName string
		data                  []byte
	}{
		{cert, t.ClientCertPath, "TEMPORAL_TLS_CLIENT_CERT_DATA", t.ClientCertData},
		{key, t.ClientKeyPath, "TEMPORAL_TLS_CLIENT_KEY_DATA", t.ClientKeyData},
		{serverCA, t.ServerCACertPath, "TEMPORAL_TLS_SERVER_CA_CERT_DATA", t.ServerCACertData},
	} {
		given[part.name] = part.path != "" || len(part.data) > 0
		if part.path != "" && len(part.data) > 0 {
			e.problem(part.name, "is set, and so is %s; set one of them", part.otherName)
		} else if part.path != "" {
			if _, err := os.ReadFile(part.path); err != nil {
				e.problem(part.name, "cannot be read: %v", cause(err))
			}
		}
	}
	if given[cert] && !given[key] {
		e.problem(key, "missing; a client certificate needs its key")
	}
	if given[key] && !given[cert] {
		e.problem(cert, "missing; the key of a client certificate needs the certificate")
	}
	return len(e.problems) == before
}

// cause returns the innermost error of a chain, which says what is wrong without the
// functions that found out. An error about a file keeps the path, which is needed to mend it.
func cause(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// lookup has the SDK read the variables through ours, so that an empty variable is the same
// as none there too, as Compose cannot leave one out.
type lookup struct{ *environment }

// LookupEnv returns one variable.
func (l lookup) LookupEnv(name string) (string, bool) {
	v := l.text(name, "")
	return v, v != ""
}

// Environ lists the variables in which the SDK looks for gRPC headers. It must not see any
// other this way: LookupEnv decides about those.
func (l lookup) Environ() []string {
	const headers = "TEMPORAL_GRPC_META_"
	return slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return !strings.HasPrefix(pair, headers)
	})
}
