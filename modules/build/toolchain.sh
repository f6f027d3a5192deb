# shellcheck shell=bash
# The Rust that builds modules: found, or installed where that may be done.

target=wasm32-wasip1
# The oldest Rust that builds the engines: what the crates' rust-version says.
rust_minor=82
debian_packages=(rustc-web cargo-web rust-web-src lld-22 wasi-libc)

# Set by use_ordinary or use_debian: what to run, how, and a text that changes with the toolchain.
cargo=() wasm_flags=() wasm_options=() toolchain=

recent_enough() { # RUSTC [MINOR]
	local version
	version=$("$1" --version 2>/dev/null) || return 1
	[[ $version =~ ^rustc\ 1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= ${2:-rust_minor}))
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

debian_complete() {
	local package
	for package in "${debian_packages[@]}"; do installed "$package" || return 1; done
}

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
