// Command build is "go build" for a first start: it says how far it is.
//
//	go run ./dev/build [-race] [-tags LIST] [-o FILE or FOLDER/] PACKAGE...
//
// It is itself compiled within two seconds, while the programs that it builds take
// minutes on an empty cache, during which the go command would say nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/flowhq/flowhq/internal/gobuild"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if err := fromFlags().Run(ctx, say); err != nil {
		say("%v", err)
		os.Exit(1)
	}
}

// fromFlags returns the build that the command line asks for.
func fromFlags() gobuild.Build {
	output := flag.String("o", ".dev/", "file or folder for the programs")
	tags := flag.String("tags", "", "build tags, with commas")
	race := flag.Bool("race", false, "detect races")
	flag.Parse()

	var names []string
	b := gobuild.Build{Targets: flag.Args(), Flags: []string{"-o", *output, "-tags", *tags}}
	if *race {
		b.Flags = append(b.Flags, "-race")
	}
	for _, target := range b.Targets {
		name, file := path.Base(target), *output
		if strings.HasSuffix(file, "/") {
			file = filepath.Join(file, name)
		}
		names = append(names, name)
		_, err := os.Stat(file)
		b.Count = b.Count || err != nil
	}
	b.What = "building " + strings.Join(names, " and ")
	return b
}
