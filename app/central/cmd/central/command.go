package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"

	"leye/app/central/internal/ledger"
)

// Exit codes; the help names them too.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
)

const help = `central takes in the applications of a district's kiosks.

Usage:
  central serve [flags]            run until SIGTERM or Ctrl-C
  central case NUMBER [flags]      print one case as JSON
  central open FILE [flags]        print an application that a terminal exported sealed
  central keys [flags]             print the public key that terminals seal to
  central password [flags]         put a new console password in place and print it
  central version                  print the version
  central help                     print this

Flags of serve:
  --db PATH                 database, made when it is not there (central.db)
  --listen ADDRESS          address and port (127.0.0.1:8700); port 0 takes a free one
  --seal-key PATH           private key that opens sealed applications, made when it is not
                            there (central.key beside central.db); keep a copy: without it
                            nobody can read what terminals still hold
  --centre-code DIGITS      three digits that start every case number (000)
  --desk [CATEGORY=]TEXT    where a matter goes on, for all or for a category of
                            services; may be given more than once
  --tls-cert, --tls-key     PEM files; serve HTTPS
  --client-ca PATH          PEM file; ask every terminal for a certificate signed by it,
                            whose common name is the terminal's name
  --insecure-any-address    listen beyond this machine without --client-ca

Flags of case, open, keys and password:
  --db PATH                 database (central.db)
  --seal-key PATH           open, keys: as for serve
  --show                    case: personal answers in full; the look is put on record
                            open: the same; no case exists that could hold a record

Examples:
  central serve --db /var/lib/leye/central.db --centre-code 107
  central serve --listen 0.0.0.0:8700 --tls-cert c.pem --tls-key c.key --client-ca kiosks.pem
  central serve --desk 综合窗口 --desk employment=就业服务窗口
  central keys --db /var/lib/leye/central.db
  central open PT01-1124-0007-X.json --db /var/lib/leye/central.db
  central case 107-417-261124-0001-5 --db /var/lib/leye/central.db

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such case.
`

// version is set when a release is built (-ldflags "-X main.version=1.2.3").
var version string

func programVersion() string {
	built := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		built = info.Main.Version
	}
	return cmp.Or(version, built, "development")
}

// errUsage says that the command line is wrong; its words are already printed.
var errUsage = errors.New("wrong usage")

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name, rest := "", args
	if len(args) > 0 {
		name, rest = args[0], args[1:]
	}
	var err error
	switch name {
	case "serve":
		err = serve(ctx, rest, stdout, stderr)
	case "case":
		err = printCase(ctx, rest, stdout, stderr)
	case "open":
		err = printSealed(rest, stdout, stderr)
	case "keys":
		err = printKeys(rest, stdout, stderr)
	case "password":
		err = newPassword(ctx, rest, stdout, stderr)
	case "version", "--version":
		_, err = fmt.Fprintln(stdout, "central", programVersion())
	case "help", "--help", "-h":
		_, err = io.WriteString(stdout, help)
	default:
		fmt.Fprintf(stderr, "central: no command %q; central help lists them\n", name)
		return exitUsage
	}
	return exitCode(err, stdout, stderr)
}

func exitCode(err error, stdout, stderr io.Writer) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(stdout, help)
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, ledger.ErrNotFound):
		fmt.Fprintln(stderr, "central: no such case")
		return exitNotFound
	}
	fmt.Fprintln(stderr, "central:", err)
	return exitFailed
}

// parse reads flags before and after the words and returns the words.
func parse(f *flag.FlagSet, args []string, stderr io.Writer) ([]string, error) {
	f.SetOutput(stderr)
	f.Usage = func() {}
	var words []string
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage
		}
		if args = f.Args(); len(args) == 0 {
			return words, nil
		}
		words, args = append(words, args[0]), args[1:]
	}
}

func usage(stderr io.Writer, format string, args ...any) error {
	fmt.Fprintf(stderr, "central: "+format+"; central help says more\n", args...)
	return errUsage
}
