#!/usr/bin/env bash
# Checks what a Mac would look at when it starts a program of the cross build:
#
#   tools/toolchains/macos/check_program.sh <arm64 or x86_64> <program that makes a loop>

set -euo pipefail
arch=$1 program=$2
llvm=/usr/lib/llvm-19/bin
failed=0

# Is there such a line in what a tool tells of the program?
expect() {
  local what=$1 line=$2
  shift 2
  if "$@" "$program" | grep -E "$line" >/dev/null; then # no -q: the tool must not see a closed pipe
    echo "ok: $what"
  else
    echo "FAILED: $what"
    failed=1
  fi
}

expect "a program for $arch" "^ *MH_MAGIC_64 +${arch^^} .* EXECUTE " "$llvm/llvm-objdump" --macho --private-header
expect 'for macOS' '^ *platform macos$' "$llvm/llvm-objdump" --macho --private-headers
expect 'from version 11 on' '^ *minos 11\.0$' "$llvm/llvm-objdump" --macho --private-headers
for name in kevent kqueue pthread_create recv; do
  expect "$name is libSystem's" "^ *\(undefined\) external _$name \(from libSystem\)$" "$llvm/llvm-nm" -m -u
done
exit $failed
