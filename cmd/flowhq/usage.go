package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// errUsage is returned after the wrong usage was explained on stderr. It ends the process with
// code 2, and nothing more is printed.
var errUsage = errors.New("wrong usage")

// noArguments refuses the arguments of a command that takes none, so that a typing error is not
// silently ignored. It returns flag.ErrHelp if only help was asked for, and errUsage after it
// has explained what is wrong.
func noArguments(name string, args []string, stderr io.Writer) error {
	return arguments(name, args, stderr, func(*flag.FlagSet) {})
}

// arguments is noArguments for a command that takes the flags that declare declares.
func arguments(
	name string, args []string, stderr io.Writer, declare func(*flag.FlagSet),
) error {
	fs := flag.NewFlagSet("flowhq "+name, flag.ContinueOnError)
	// Package flag says what is wrong on the same stream, before the usage.
	fs.SetOutput(stderr)
	declare(fs)
	fs.Usage = func() {
		fmt.Fprintf(stderr, "flowhq %s takes no arguments; "+
			"its settings are environment variables, see the README\n", name)
		fs.PrintDefaults()
	}
	// Who asks for help has done nothing wrong, so it is told apart from a wrong flag.
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		// package flag has printed what is wrong.
		return errUsage
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "flowhq %s: %q is one argument too many\n", name, fs.Arg(0))
		fs.Usage()
		return errUsage
	}
	return nil
}
