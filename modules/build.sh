#!/usr/bin/env bash
# Builds the modules that come with henge: NAME.wasm and its manifest NAME.json.
#
#   modules/build.sh          build what is part of the command into modules/built: the engine, and the
#                             kits as text; takes a moment if nothing changed
#   modules/build.sh engines  also build the engines and runners that are served from a folder, into
#                             bin/modules
#   modules/build.sh python   also build the Python engine into bin/modules, which takes minutes
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
# shellcheck source-path=SCRIPTDIR
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

# shellcheck source=build/common.sh
source "$modules/build/common.sh"
# shellcheck source=build/toolchain.sh
source "$modules/build/toolchain.sh"
# shellcheck source=build/rust.sh
source "$modules/build/rust.sh"
# shellcheck source=build/python.sh
source "$modules/build/python.sh"
# shellcheck source=build/go.sh
source "$modules/build/go.sh"
# shellcheck source=build/c.sh
source "$modules/build/c.sh"
# shellcheck source=build/wasi.sh
source "$modules/build/wasi.sh"
# shellcheck source=build/kits.sh
source "$modules/build/kits.sh"

main() {
	case $#:${1:-} in
	0: | 1:engines | 1:python | 1:native | 1:tools | 1:samples | 1:examples | 1:check) ;;
	*) fail "unknown arguments '$*'; there are engines, python, native, tools, samples, examples and check" ;;
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
	python) build_python ;;
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
