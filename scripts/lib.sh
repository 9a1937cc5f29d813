# Sourced by the scripts beside it: where things stand, what a bare Debian 12
# lacks, how the programs are built and started. It defines functions and
# variables and does nothing by itself.

PATH=$PATH:/usr/local/go/bin
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RUN=${LEYE_RUN:-$ROOT/.run}
BIN=$RUN/bin

# One set of flags for every build and test, so that the C parts of Fyne are
# compiled once. Tags change which Go files are in, never how C is compiled.
TAGS=no_emoji,no_metadata,no_animations,migrated_fynedo,rime
FLAGS=(-trimpath -tags "$TAGS")
# The programs' collector writes over what it frees: the words of a visit that is
# over must not lie in memory until that is used again.
LINK=-X=runtime.godebugDefault=clobberfree=1

PACKAGES_BUILD=(gcc g++ libc6-dev pkg-config libgl1-mesa-dev xorg-dev libxkbcommon-dev libwayland-dev librime-dev)
PACKAGES_RUN=(ca-certificates git libgl1 libgl1-mesa-dri xvfb rime-data-pinyin-simp)
PACKAGES_TEST=(swtpm)

# say prints each of its arguments on a line of its own.
say() { printf '%s\n' "$@"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Prints the usage that stands in the comment at the head of the calling script.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

missing_apt() {
	local p
	for p in "$@"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || printf '%s\n' "$p"
	done
}

# Installs the named Debian packages that are missing. It says which, asks
# nothing, and reads the package lists again only where they do not know one.
need_apt() {
	local missing
	mapfile -t missing < <(missing_apt "$@")
	((${#missing[@]})) || return 0
	say "installing Debian packages: ${missing[*]}"
	[[ $(id -u) == 0 ]] || die "run as root once, or install them yourself: apt-get install ${missing[*]}"
	mkdir -p "$RUN"
	apt-get install --dry-run --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
		apt-get update >"$RUN/apt.log" 2>&1 || die "read the package lists; see $RUN/apt.log"
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 "${missing[@]}" >>"$RUN/apt.log" 2>&1 ||
		die "install packages; see $RUN/apt.log"
}

# Downloads the Go modules that are not on this machine yet.
need_go() {
	command -v go >/dev/null || die "Go 1.26 is not installed: see https://go.dev/dl/"
	local want have
	want=$(awk '$1 == "go" {print $2}' "$ROOT/go.mod")
	have=$(go env GOVERSION)
	[[ $(printf '%s\n' "$want" "${have#go}" | sort -V | head -1) == "$want" ]] ||
		die "Go $want or newer is needed, this is ${have#go}"
	if (cd "$ROOT" && GOPROXY=off go list -deps "${FLAGS[@]}" ./... >/dev/null 2>&1); then return 0; fi
	say "downloading Go modules named in go.mod"
	(cd "$ROOT" && go mod download)
}

need_all() {
	need_apt "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}"
	need_go
}

# Builds the named packages into $BIN. Go's own cache makes it incremental; the
# first build compiles Fyne's C parts and takes minutes.
build() {
	mkdir -p "$BIN"
	(cd "$ROOT" && go build "${FLAGS[@]}" -ldflags "$LINK" -o "$BIN/" "$@")
}

# The kiosk that lists its visible controls over a socket, for visits only.
build_probe() {
	mkdir -p "$BIN/probe"
	(cd "$ROOT" && go build -trimpath -tags "$TAGS,probe" -ldflags "$LINK" -o "$BIN/probe/" ./app/terminal/cmd/kiosk)
}

# Everything that is started in the background is ended by stop_all, last first.
STARTED=()

# start NAME COMMAND... runs it in the background, its words in $RUN/NAME.log.
# Its process id is in $RUN/NAME.pid.
start() {
	local name=$1
	shift
	"$@" >"$RUN/$name.log" 2>&1 &
	STARTED+=("$name")
	printf '%s\n' $! >"$RUN/$name.pid"
}

# stop NAME asks it to end, and waits for it.
stop() {
	local pid
	[[ -s $RUN/$1.pid ]] || return 0
	pid=$(<"$RUN/$1.pid")
	rm -f "$RUN/$1.pid"
	kill "$pid" 2>/dev/null || return 0
	local i
	for ((i = 0; i < 100; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

stop_all() {
	local i
	for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do stop "${STARTED[i]}"; done
	STARTED=()
}

alive() { [[ -s $RUN/$1.pid ]] && kill -0 "$(<"$RUN/$1.pid")" 2>/dev/null; }

# await SECONDS NAME TEST... waits until TEST is true, as long as NAME lives.
await() {
	local end=$((SECONDS + $1)) name=$2
	shift 2
	until "$@"; do
		alive "$name" || { tail -n 20 "$RUN/$name.log" >&2; die "$name ended before it was ready; see $RUN/$name.log"; }
		((SECONDS < end)) || { tail -n 20 "$RUN/$name.log" >&2; die "$name is not ready after its time; see $RUN/$name.log"; }
		sleep 0.05
	done
}

# http_ok PORT PATH is true when the local server answers 200.
http_ok() {
	local line
	{ exec 9<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
	printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&9
	IFS= read -r -t 2 line <&9 || line=
	exec 9<&- 9>&-
	[[ $line == HTTP/1.?" 200"* ]]
}

# free_port prints a port of this machine that nobody listens on.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s\n' "$port"; return; }
	done
}

# start_display WIDTHxHEIGHT starts Xvfb on a free display and sets DISPLAY.
start_display() {
	rm -f "$RUN/display"
	start xvfb bash -c 'exec Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp -noreset +extension GLX -dpi 96 3>"$2"' - "$1" "$RUN/display"
	await 20 xvfb test -s "$RUN/display"
	DISPLAY=:$(tr -d '[:space:]' <"$RUN/display")
	export DISPLAY
	unset WAYLAND_DISPLAY XAUTHORITY
}

# The programs that every start needs, and the one that looks into it.
PROGRAMS=(./app/central/cmd/central ./devices/sim/cmd/devsim ./app/terminal/cmd/kioskctl)

# start_central STATE and start_devices STATE start them; the first sets
# CENTRAL_PORT and TERMINALS_PORT once, so that a second start comes back at the
# same addresses, the second sets DEVICES to the address of its control.
start_central() {
	: "${CENTRAL_PORT:=$(free_port)}" "${TERMINALS_PORT:=$(free_port)}"
	start central "$BIN/central" serve --db "$1/central.db" \
		--listen "127.0.0.1:$CENTRAL_PORT" --terminals "127.0.0.1:$TERMINALS_PORT"
	await 30 central http_ok "$CENTRAL_PORT" /v1/health
}

start_devices() {
	mkdir -p "$1/devices"
	rm -f "$1/devices/control"
	start devsim "$BIN/devsim" --dir "$1/devices" --control 127.0.0.1:0
	await 20 devsim test -s "$1/devices/control"
	DEVICES=$(<"$1/devices/control")
}

# enrol STATE makes the terminal known to the central, as a technician would,
# unless it is already.
enrol() {
	local code
	[[ -s $1/kiosk/identity.pem ]] &&
		"$BIN/central" terminals list --db "$1/central.db" | grep -q '^PT01 *stands ' && return
	"$BIN/central" ca show --db "$1/central.db" >"$1/root.pem"
	code=$("$BIN/central" terminals add PT01 --db "$1/central.db" | sed -n 's/^code: //p')
	"$BIN/kioskctl" enrol --config "$1/terminal.toml" --code "$code" --root "$1/root.pem" >"$RUN/enrol.log" 2>&1 ||
		{ cat "$RUN/enrol.log" >&2; die "enrol the terminal; see $RUN/enrol.log"; }
}

# terminal_config STATE WIDTHxHEIGHT FULLSCREEN prints the part of kiosk.toml that
# belongs to this start.
terminal_config() {
	cat <<-TOML
		[terminal]
		id = "PT01"
		[display]
		width = ${2%x*}
		height = ${2#*x}
		fullscreen = $3
		[reader]
		port = "$1/devices/reader"
		[printer]
		port = "$1/devices/printer"
		[scanner]
		port = "$1/devices/scanner"
		[light]
		led = "$1/devices/lamp"
		[sound]
		volume = 0
		[central]
		url = "https://127.0.0.1:$TERMINALS_PORT"
		spread = "1ms"
		[store]
		dir = "$1/kiosk"
	TOML
}

# A pixel is a pixel, whatever a panel says of its size, and touch needs X.
fyne_env() { export FYNE_SCALE=1 FYNE_DISABLE_DPI_DETECTION=1 FYNE_PLATFORM=x11 LANG=C.UTF-8; }
