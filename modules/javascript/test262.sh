#!/usr/bin/env bash
# Fetches the language part of test262, the tests of the ECMAScript standard, and prints the folder
# that it is in.
#
#   test262.sh          fetch it if it is not here
#   test262.sh here     fail if it is not
#
# It comes out of the sources of SpiderMonkey as Debian's archive has them, about 60 MB, which are
# fetched once and held against the hash below.
#
# Environment:
#   HENGE_TEST262     a folder to take instead: js/src/tests/test262 of SpiderMonkey's sources
#   XDG_CACHE_HOME    where it is kept, in henge/test262
set -euo pipefail

archive=pool/main/m/mozjs78/mozjs78_78.15.0.orig.tar.xz
hash=2f33dcb6130b08adca5d81fee9dbfcb5e87c51a4a969f46b46df61170298b4ca
helper=/usr/lib/apt/apt-helper
folder=${HENGE_TEST262:-${XDG_CACHE_HOME:-$HOME/.cache}/henge/test262/${hash:0:16}}

fail() {
	printf 'test262: %s\n' "$*" >&2
	exit 1
}

if [[ ! -f $folder/shell.js ]]; then
	[[ ${1:-} != here ]] || fail "it is not in $folder"
	[[ -z ${HENGE_TEST262:-} ]] || fail "there is no shell.js in HENGE_TEST262, which is $folder"
	[[ -x $helper ]] || fail 'this fetches from an archive of Debian, and there is no apt here;' \
		'set HENGE_TEST262 to the folder js/src/tests/test262 of the sources of SpiderMonkey'
	work=$(mktemp -d)
	trap 'rm -rf -- "$work"' EXIT
	while read -r uri; do
		printf 'test262: fetching %s\n' "${archive##*/}" >&2
		# apt itself compares the hash.
		if "$helper" -qq download-file "${uri%/}/$archive" "$work/sources.tar.xz" "SHA256:$hash" >&2; then break; fi
	done < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u)
	[[ -f $work/sources.tar.xz ]] || fail "no archive that apt knows has $archive;" \
		'set HENGE_TEST262 to the folder js/src/tests/test262 of the sources of SpiderMonkey'
	mkdir -- "$work/tests"
	tar -xJf "$work/sources.tar.xz" -C "$work/tests" --strip-components=5 --wildcards \
		'*/js/src/tests/test262/'{shell.js,LICENSE,GIT-INFO} '*/js/src/tests/test262/language/*'
	mkdir -p -- "$(dirname -- "$folder")"
	rm -rf -- "$folder"
	mv -- "$work/tests" "$folder"
fi
printf '%s\n' "$folder"
