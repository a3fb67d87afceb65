package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/dynamicconfig"
)

// options are the flags of "server start-dev" that this program knows. An
// unknown one is refused: a server that ignores a setting is worse than none.
type options struct {
	ip, uiIP     string
	port, uiPort int
	namespaces   []string
	headless     bool
	codec        string // URL of the remote codec that the Web UI asks; "" = none
	dbFile       string // "" keeps everything in memory
	attributes   map[string]enumspb.IndexedValueType
	dynamic      dynamicconfig.StaticClient
	logLevel     string
	logFormat    string
	followParent bool
}

// uiPortOffset is how far the Web UI's default port lies above the server's, as
// in the CLI.
const uiPortOffset = 1000

func parse(args []string, stderr io.Writer) (options, error) {
	if len(args) < 2 || args[0] != "server" || args[1] != "start-dev" {
		return options{}, errors.New(
			"usage: temporald server start-dev [flags], or temporald --version")
	}
	o := options{attributes: map[string]enumspb.IndexedValueType{}, dynamic: switches()}
	f := flag.NewFlagSet("temporald server start-dev", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.ip, "ip", "127.0.0.1", "address the server listens on")
	f.StringVar(&o.uiIP, "ui-ip", "", "address the Web UI listens on (default: as -ip)")
	f.IntVar(&o.port, "port", 7233, "port of the server")
	f.IntVar(&o.uiPort, "ui-port", 0, "port of the Web UI (default: -port + 1000)")
	f.BoolVar(&o.headless, "headless", false, "no Web UI")
	f.StringVar(&o.codec, "ui-codec-endpoint", "",
		"URL below which the Web UI asks to decode payloads")
	f.StringVar(&o.dbFile, "db-filename", "",
		"SQLite file to keep everything in (default: in memory)")
	f.StringVar(&o.logLevel, "log-level", "error", "debug, info, warn, error or never")
	f.StringVar(&o.logFormat, "log-format", "pretty", "json, pretty or text")
	f.BoolVar(&o.followParent, "follow-parent", false, "stop when the parent process ends")
	f.Func("namespace", "namespace to create; may be repeated", func(s string) error {
		o.namespaces = append(o.namespaces, s)
		return nil
	})
	f.Func("search-attribute",
		"search attribute of the namespaces, Name=Type; may be repeated", o.addAttribute)
	f.Func("dynamic-config-value", "server setting, key=JSON; may be repeated", o.addSwitch)
	if err := f.Parse(args[2:]); err != nil {
		return options{}, err
	}
	if f.NArg() > 0 {
		return options{}, fmt.Errorf("%q is not a flag", f.Arg(0))
	}
	o.applyDefaults()
	return o, nil
}

func (o *options) applyDefaults() {
	if o.namespaces == nil {
		o.namespaces = []string{defaultNamespace}
	}
	if o.uiIP == "" {
		o.uiIP = o.ip
	}
	if o.uiPort == 0 {
		o.uiPort = o.port + uiPortOffset
	}
}

func (o *options) addAttribute(s string) error {
	name, kind, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("must be Name=Type, such as TenantId=Keyword")
	}
	t, err := enumspb.IndexedValueTypeFromString(kind)
	if err != nil {
		return err
	}
	o.attributes[name] = t
	return nil
}

func (o *options) addSwitch(s string) error {
	key, text, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		return errors.New("must be key=JSON, such as frontend.rps=100")
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Errorf("value of %s: %w", key, err)
	}
	// The server ignores a whole number that comes as any other kind of number.
	if n, err := strconv.Atoi(text); err == nil {
		value = n
	}
	o.dynamic[dynamicconfig.MakeKey(key)] = value
	return nil
}

func (o *options) frontend() string { return net.JoinHostPort(o.ip, strconv.Itoa(o.port)) }
func (o *options) ui() string       { return net.JoinHostPort(o.uiIP, strconv.Itoa(o.uiPort)) }

// portsFree returns an error that names the first port somebody else listens
// on. The server and the Web UI would end the process with a stack trace.
func (o *options) portsFree() error {
	addrs := []string{o.frontend()}
	if !o.headless {
		addrs = append(addrs, o.ui())
	}
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		l.Close()
	}
	return nil
}
