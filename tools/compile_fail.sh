#!/usr/bin/env bash
# Compiles the cases of a source: compile_fail.sh <output> <source> <compiler> [<option>...]
#
# Checks what tools/compile_fail.bzl says about cases. What was found is written down as a program: the test, which tells it.

set -uo pipefail

output=$1 source=$2
shift 2
compiler=("$@" -fdiagnostics-color=never)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=()
failed=()

# The headers that all cases see are compiled once. clang and gcc both look for such a file beside that of -include.
precompile_headers() {
  sed '/^ *#if/,$d' "$source" | grep '^#include' >"$folder/headers.h"
  "${compiler[@]}" -x c++-header "$folder/headers.h" -o "$folder/headers.h.gch" >"$folder/messages" 2>&1
}

compiles() {
  "${compiler[@]}" "$@" -include "$folder/headers.h" -fsyntax-only "$source" >"$folder/messages" 2>&1
}

# Whether the compiler has to refuse the case.
refuses() {
  local macros
  macros=$("${compiler[@]}" -dM -E -x c++ /dev/null)
  case $1 in
    BY_CLANG_*) grep -q __clang__ <<<"$macros" ;;
    BY_GCC_12_*) grep -q '__GNUC__ 12$' <<<"$macros" && ! grep -q __clang__ <<<"$macros" ;;
  esac
}

fail() {
  failed+=("$1")
  printf '==== %s: %s\n' "$1" "$2"
  grep -A 9 'error:' "$folder/messages" | head -n 60
}

check_case() {
  local name=$1 expected=$2
  if compiles "-DREFUSED_$name"; then
    if refuses "$name"; then fail "$name" "compiles"; else passed+=("$name"); fi
  elif ! refuses "$name"; then
    fail "$name" "is refused, although this compiler can take it"
  elif ! grep -qE -e "$expected" "$folder/messages"; then
    fail "$name" "is refused, but the compiler says nothing like: $expected"
  else
    passed+=("$name")
  fi
}

check_all() {
  local line
  precompile_headers
  if compiles; then
    passed+=(WhatIsAllowed)
  else
    fail WhatIsAllowed "does not compile"
  fi
  while read -r line; do
    if [[ $line =~ ^'#ifdef REFUSED_'([A-Za-z0-9_]+)' '+'// '(.+)$ ]]; then
      check_case "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
      fail "$line" "does not tell what the compiler has to say"
    fi
  done < <(grep '^ *#.*REFUSED_' "$source")
  [[ ${#passed[@]} -gt 1 || ${#failed[@]} -gt 0 ]] || fail "$source" "has no cases"
}

print_xml() {
  local name suite
  suite=$(basename "$source" .cc)
  printf '<testsuites><testsuite name="%s" tests="%d">\n' "$suite" $((${#passed[@]} + ${#failed[@]}))
  for name in ${passed[@]+"${passed[@]}"}; do
    printf '<testcase classname="%s" name="%s"/>\n' "$suite" "$name"
  done
  for name in ${failed[@]+"${failed[@]}"}; do
    printf '<testcase classname="%s" name="%s"><failure message="see the log"/></testcase>\n' "$suite" "${name//[\"<&]/_}"
  done
  echo '</testsuite></testsuites>'
}

check_all >"$folder/log"
{
  echo '#!/bin/sh'
  echo "cat <<'END_OF_LOG'"
  cat "$folder/log"
  echo 'END_OF_LOG'
  echo "cat >\"\${XML_OUTPUT_FILE:-/dev/null}\" <<'END_OF_XML'"
  print_xml
  echo 'END_OF_XML'
  echo "echo '${#passed[@]} passed, ${#failed[@]} failed'"
  echo "exit $((${#failed[@]} > 0))"
} >"$output"
chmod +x "$output"
