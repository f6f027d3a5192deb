# shellcheck shell=bash
# The kits as text, for henge module new.

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
