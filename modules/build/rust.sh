# shellcheck shell=bash
# Modules from crates.

# The functions that decide what is in a module of a crate. Who builds one in another way has others.
recipe=(build build_wasm)

rust_fingerprint() { # CRATE
	local more=()
	if grep -q rustengine "$modules/$1/Cargo.toml"; then more=(modules/rustengine); fi
	fingerprint "$toolchain"$'\n'"${wasm_flags[*]} ${wasm_options[*]}"$'\n'"$(declare -f "${recipe[@]}")" \
		"modules/$1" "${more[@]}" guest/rust/src guest/rust/Cargo.toml -type f \
		\( -name '*.rs' -o -name Cargo.toml -o -path "modules/$1/Cargo.lock" -o -path "modules/$1/src/*" \)
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

build_wasm() { build "$1" --lib --target "$target" "${wasm_options[@]}"; } # CRATE

build_module() { # CRATE FOLDER
	local name=${1##*/} kept rustflags
	kept=$cache/$name-$(rust_fingerprint "$1").wasm
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$name: building with ${toolchain%%$'\n'*}"
		rustflags=("${wasm_flags[@]}")
		build_wasm "$1"
		install_file "$cache/target/$target/release/henge_$name.wasm" "$kept" 644
		built "$name" "$kept"
	fi
	install_module "$1" "$kept" "$2"
}

build_native() { # NAME
	local kept rustflags=() recipe=(build build_native)
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
