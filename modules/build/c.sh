# shellcheck shell=bash
# Modules from C, alone and in a crate.

clang_packages=(clang lld)

has_clang() { command -v clang >/dev/null && command -v wasm-ld >/dev/null && [[ $(clang --print-targets) == *wasm32* ]]; }

need_clang() {
	has_clang || install_debian "${clang_packages[@]}" || true
	has_clang
}
clang_missing="it takes clang and lld with the target wasm32; on Debian: apt-get install ${clang_packages[*]}"

# Where cargo keeps the sources of crate $2, with which crate $1 is built.
sources_of() {
	"${cargo[@]}" metadata --quiet --locked --format-version 1 --manifest-path "$modules/$1/Cargo.toml" |
		grep -o "\"manifest_path\":\"[^\"]*/$2-[0-9][^\"]*/Cargo.toml\"" | cut -d '"' -f 4 | xargs dirname --
}

# Builds a crate whose C needs a compiler for the target, and the headers of a C library: those that
# QuickJS's crate has with it. The interpreter watches its stack, but not where it knows WASI.
build_module_with_c() { # CRATE FOLDER
	if ! need_clang; then
		say "$1 is left out: $clang_missing"
		return
	fi
	local toolchain=$toolchain$'\n'$(clang --version | head -n 1)
	local recipe=(build build_wasm build_module_with_c sources_of)
	RQUICKJS_SYS_NO_WASI_SDK=1 CC_wasm32_wasip1=clang \
		CFLAGS_wasm32_wasip1="-w -U__wasi__ -ffile-prefix-map=$cache=/henge -isystem $(sources_of "$1" rquickjs-sys)/vendor/wasi-libc/include" \
		build_module "$@"
}

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
