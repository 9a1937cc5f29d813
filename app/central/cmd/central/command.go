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
  central keys [flags]             print the public key that terminals seal to, and the age of each
  central keys rotate              make another key and have terminals seal to that; then start the
                                   central again. Those before go on opening what was sealed to them
  central looks [flags]            list who was shown in full with open --show, and when
  central password [flags]         put a new console password in place and print it
  central terminals add ID         print a code with which terminal ID enrols, once, in 24 hours
  central terminals list           list the terminals with certificates, journals and alarms
  central terminals revoke ID      take every certificate and code from terminal ID, at once
  central terminals head ID        print the highest head of its journal, for kioskctl audit verify
  central terminals key ID         print the key that signed that head
  central terminals earlier ID     print the last heads of its journals that ended with a damaged
                                   store; the journal that grows now began anew after each
  central terminals settle ID      end an alarm about its journal once it is explained, such as a
                                   new disk; prints what is forgotten
  central evacuations list         list what failing terminals were emptied of: who sends it instead
                                   and how much has come; those that nobody adopted are not known here
  central evacuations release ID   take evacuation ID from the terminal that adopted it, when that one
                                   is lost too: another may adopt the file then
  central ca show                  print what a terminal is handed before it enrols: the roots and
                                   the key that signs answers
  central ca rotate                put the next root in place of the current one and make
                                   another next; then start the central again
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
  --terminals ADDRESS       address and port where terminals come in, with TLS 1.3 and the
                            certificates of the central's own authority; nothing is then
                            handed in at --listen. Without it they come in at --listen, in
                            the clear: for one machine, under development
  --name NAME               host name or address under which terminals call; may be given
                            more than once (that of --terminals, or this machine's name)
  --ca PATH                 folder of the authority, made when it is not there (central.ca
                            beside central.db); keep a copy
  --tls-cert, --tls-key     PEM files; serve HTTPS at --listen
  --insecure-any-address    --listen beyond this machine without the above

Flags of case, open, looks, keys, password, terminals, evacuations and ca:
  --db PATH                 database (central.db)
  --ca PATH                 ca: as for serve
  --seal-key PATH           open, keys: as for serve
  --show                    case: personal answers in full; the look is put on record
                            open: the same, in the list of central looks

Examples:
  central serve --db /var/lib/leye/central.db --centre-code 107
  central serve --terminals 0.0.0.0:8701 --name central.example
  central ca show --db /var/lib/leye/central.db > root.pem
  central terminals add PT01 --db /var/lib/leye/central.db
  central evacuations list --db /var/lib/leye/central.db
  central terminals head PT01 --db /var/lib/leye/central.db > PT01.note
  central serve --desk 综合窗口 --desk employment=就业服务窗口
  central keys --db /var/lib/leye/central.db
  central open PT01-1124-0007-X.json --db /var/lib/leye/central.db
  central keys rotate --db /var/lib/leye/central.db
  central case 107-417-261124-0001-5 --db /var/lib/leye/central.db

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such case, terminal or evacuation.
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
		err = printSealed(ctx, rest, stdout, stderr)
	case "looks":
		err = looks(ctx, rest, stdout, stderr)
	case "keys":
		err = keys(rest, stdout, stderr)
	case "evacuations":
		err = evacuations(ctx, rest, stdout, stderr)
	case "terminals":
		err = terminals(ctx, rest, stdout, stderr)
	case "ca":
		err = certificateAuthority(rest, stdout, stderr)
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
		fmt.Fprintln(stderr, "central: no such case, terminal or evacuation")
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
