#!/usr/bin/env bash
# Runs a Windows program under Wine: run_in_wine <prefix> <program> [<argument>...]
#
# <prefix> is what tools/bootstrap/cross_windows.sh made. Each run gets a prefix of its own, and with it a wineserver and
# a drive C: that no other run sees: copies of the registry, and links to what programs only read.

set -uo pipefail

# Prints the run's own prefix.
make_prefix() {
  local template=$1 prefix folder
  prefix=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/wine.XXXXXX") || return
  mkdir "$prefix/dosdevices" "$prefix/drive_c" &&
    cp "$template"/*.reg "$template/.update-timestamp" "$prefix" &&
    cp -R "$template/drive_c/users" "$prefix/drive_c" &&
    ln -s ../drive_c "$prefix/dosdevices/c:" && ln -s / "$prefix/dosdevices/z:" || return
  for folder in "$template"/drive_c/*; do
    [[ -e $prefix/drive_c/${folder##*/} ]] || ln -s "$folder" "$prefix/drive_c" || return
  done
  echo "$prefix"
}

# Bazel tells a test by the environment where its files are; GoogleTest takes a leading slash for a relative path.
rewrite_paths() {
  local name
  for name in $(compgen -e); do
    case $name in
      TEST_* | XML_OUTPUT_FILE | *RUNFILES*)
        [[ ${!name} != /* ]] || export "$name=Z:${!name//\//\\}"
        ;;
    esac
  done
}

# Ends what the program has left, Wine's own services among them: they would keep its output open.
clean_up() {
  "$WINESERVER" -k
  rm -rf "$WINEPREFIX"
}

WINEPREFIX=$(make_prefix "$1") || exit
shift
export WINEPREFIX
export WINELOADER=/usr/lib/wine/wine64 WINESERVER=/usr/lib/wine/wineserver64
# No chatter, no browser and no .NET to be installed, no windows.
export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' DISPLAY=
trap clean_up EXIT
trap 'exit 143' TERM INT HUP
rewrite_paths
"$WINELOADER" "$@" <&0 & # a signal can interrupt wait, but no program in the foreground
wait $!
