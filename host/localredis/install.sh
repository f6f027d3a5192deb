#!/usr/bin/env bash
# Makes sure that there is a redis-server on the PATH: takes the one that is
# there, installs Debian's when run as root, and otherwise says what to do.
set -euo pipefail

command -v redis-server >/dev/null && exit 0

if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  echo 'Installing redis-server with apt-get.' >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends redis-server >&2 && exit 0
fi

cat >&2 <<'END'
There is no redis-server on the PATH, and it could not be installed here.
Redis 7.0 or later (or Valkey, as redis-server) is needed. As root:
  apt-get install redis-server     Debian, Ubuntu
  dnf install redis                Fedora
  brew install redis               macOS (needs no root)
END
exit 1
