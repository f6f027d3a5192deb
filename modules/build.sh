#!/usr/bin/env bash
# Builds the engines that come with henge into modules/built: NAME.wasm and its manifest NAME.json.
#
#   modules/build.sh          build what changed; takes a moment if nothing did
#   modules/build.sh native   also build the native program that the Rhai engine is compared with,
#                             and print its path
#   modules/build.sh tools    also build the modules that only tests use, into bin
#   modules/build.sh check    also run the tests of guest/rust, natively
#
# Environment:
#   HENGE_RUST=rustup|debian  use this toolchain; otherwise the ordinary cargo, then Debian's
#   HENGE_NO_INSTALL=1        never install anything, only say what is missing
#   XDG_CACHE_HOME            where finished engines and cargo's working files are kept, in henge/modules
#
# Words go to standard error, the path to standard output.
set -euo pipefail

modules=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
repo=$(dirname -- "$modules")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/henge/modules

# An engine is a crate in modules/NAME whose library is henge_NAME.
engines=(rhai)
# A tool is one too, but it is not part of the command.
tools=(wat)
target=wasm32-wasip1
# The oldest Rust that builds the engines: what the crates' rust-version says.
rust_minor=82
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

install_debian() {
	command -v apt-get >/dev/null && [[ $(id -u) == 0 ]] && may_install || return 1
	say "installing ${debian_packages[*]}"
	apt-get update >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${debian_packages[@]}" >&2
}

# The file of package $1 whose path ends in $2.
packaged() { dpkg-query --listfiles "$1" | grep -m1 -- "$2\$"; }

# Debian's Rust has no standard library for the target, only its source: it is built along.
use_debian() {
	debian_complete || install_debian || return 1
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

# A hash of all that goes into engine $1, but for the machine's paths.
fingerprint() {
	{
		printf '%s\n' "$toolchain"
		cd -- "$repo"
		find "modules/$1" guest/rust -type f \
			\( -name '*.rs' -o -name Cargo.toml -o -path "modules/$1/Cargo.lock" \) -print0 |
			LC_ALL=C sort -z | xargs -0 sha256sum -- modules/build.sh
	} | sha256sum | cut -c1-16
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

built() { say "$1: built in $SECONDS s, $(($(stat -c %s -- "$2") / 1024)) KiB"; }

build_module() { # NAME FOLDER
	local kept rustflags
	kept=$cache/$1-$(fingerprint "$1").wasm
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$1: building with ${toolchain%%$'\n'*}"
		rustflags=("${wasm_flags[@]}")
		build "$1" --lib --target "$target" "${wasm_options[@]}"
		install_file "$cache/target/$target/release/henge_$1.wasm" "$kept" 644
		built "$1" "$kept"
	fi
	mkdir -p -- "$2"
	install_file "$kept" "$2/$1.wasm" 644
	install_file "$modules/$1/manifest.json" "$2/$1.json" 644
}

build_native() { # NAME
	local kept rustflags=()
	kept=$cache/$1-native-$(fingerprint "$1")
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$1-native: building with ${toolchain%%$'\n'*}"
		build "$1" --bin "$1-native" --features native
		install_file "$cache/target/release/$1-native" "$kept" 755
		built "$1-native" "$kept"
	fi
	printf '%s\n' "$kept"
}

main() {
	case $#:${1:-} in
	0: | 1:native | 1:tools | 1:check) ;;
	*) fail "unknown arguments '$*'; there are native, tools and check" ;;
	esac
	choose_toolchain
	mkdir -p -- "$cache"
	local name
	for name in "${engines[@]}"; do build_module "$name" "$modules/built"; done
	case ${1:-} in
	native) build_native rhai ;;
	tools) for name in "${tools[@]}"; do build_module "$name" "$repo/bin"; done ;;
	check) CARGO_TARGET_DIR=$cache/target "${cargo[@]}" test --quiet --manifest-path "$repo/guest/rust/Cargo.toml" >&2 ;;
	esac
}

main "$@"
