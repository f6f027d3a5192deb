# shellcheck shell=bash
# Modules from Go modules.

# Of a Go module and of those of this repository that it is built with.
go_fingerprint() { # GO_MODULE
	local folder folders=()
	while read -r folder; do
		folders+=("$(realpath --relative-to="$repo" "$folder")")
	done < <(go_in "$1" list -m -f '{{if .Main}}{{.Dir}}{{else if .Replace}}{{.Dir}}{{end}}' all | grep .)
	((${#folders[@]} > 0)) || fail "$1: the go command names no folder"
	fingerprint "$(go_in "$1" version)"$'\n'"$(declare -f go_in build_go)" "${folders[@]}" -type f \
		\( -name '*.go' -o -name go.mod -o -name go.sum \)
}

# Runs the go command for the Go module $1, whatever is set for the one that henge is.
go_in() { GOWORK=off GOOS=wasip1 GOARCH=wasm "${GO:-go}" -C "$modules/$1" "${@:2}"; }

build_go() { # GO_MODULE TO
	go_in "$1" build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w' -o "$2" . >&2
}

build_go_module() { # GO_MODULE FOLDER
	local name=${1##*/} kept
	command -v "${GO:-go}" >/dev/null || fail "$name is built with Go, and there is none on the PATH: see https://go.dev/dl/"
	kept=$cache/$name-$(go_fingerprint "$1").wasm
	if [[ ! -f $kept ]]; then
		SECONDS=0
		say "$name: building with $(go_in "$1" version)"
		build_go "$1" "$kept.$$"
		mv -f -- "$kept.$$" "$kept"
		built "$name" "$kept"
	fi
	install_module "$1" "$kept" "$2"
}
