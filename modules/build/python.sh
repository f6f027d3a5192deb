# shellcheck shell=bash
# The Python engine. It takes minutes to build, and a newer Rust than the others.

# A crate of RustPython's asserts with a macro that is stable from Rust 1.96 on, though not in what is
# released. For 1.95 its use is allowed to that crate alone.
build_python() (
	rustc=${RUSTC:-rustc}
	recent_enough "$rustc" 95 || fail "python takes Rust 1.95 or later, and this is $("$rustc" --version); see https://rustup.rs"
	if ! recent_enough "$rustc" 96; then
		export RUSTC_BOOTSTRAP=1
		wasm_options+=(--ignore-rust-version -Zprofile-rustflags --config
			'profile.release.package.rustpython-ruff_python_parser.rustflags=["-Zcrate-attr=feature(assert_matches)"]')
	fi
	build_module python "$repo/bin/modules"
)
