# shellcheck shell=bash
# What all parts of build.sh use: words, files, names for what is kept, and Debian's packages.

say() { printf 'modules: %s\n' "$*" >&2; }

fail() {
	say "$@"
	exit 1
}

# Copies in one step, so that nobody reads half of a file.
install_file() { # FROM TO MODE
	install -m "$3" -- "$1" "$2.$$"
	mv -f -- "$2.$$" "$2"
}

built() { say "$1: built in $SECONDS s, $(($(stat -c %s -- "$2") / 1024)) KiB"; }

install_module() { # SOURCES WASM FOLDER
	local name=${1##*/}
	mkdir -p -- "$3"
	install_file "$2" "$3/$name.wasm" 644
	# Without a manifest the file's name is the module's.
	[[ ! -f $modules/$1/manifest.json ]] || install_file "$modules/$1/manifest.json" "$3/$name.json" 644
}

# A hash of text $1 and of the files that the other arguments make find give: of all that decides what
# is in a module, but for the machine's paths. The functions that build it are in the text, as bash
# prints them, so that a word or a comment elsewhere has nothing built again.
fingerprint() {
	{
		printf '%s\n' "$1"
		cd -- "$repo"
		find "${@:2}" -print0 | LC_ALL=C sort -z | xargs -0 sha256sum --
	} | sha256sum | cut -c1-16
}

may_install() { [[ -z ${HENGE_NO_INSTALL:-} ]]; }

installed() { dpkg-query --show --showformat='${db:Status-Status}\n' "$@" 2>/dev/null | grep -qx installed; }

install_debian() { # PACKAGE...
	command -v apt-get >/dev/null && [[ $(id -u) == 0 ]] && may_install || return 1
	say "installing $*"
	apt-get update >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2
}

# The file of package $1 whose path ends in $2.
packaged() { dpkg-query --listfiles "$1" | grep -m1 -- "$2\$"; }
