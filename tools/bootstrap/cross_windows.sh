# The tools of --config=windows: clang 14 and lld, MinGW-w64's headers and libraries, and Wine, which runs the tests.
# shellcheck shell=bash

mingw=/usr/lib/gcc/x86_64-w64-mingw32/12-posix
wine=/usr/lib/wine/wine64
wineserver=/usr/lib/wine/wineserver64
wine_libraries=/usr/lib/x86_64-linux-gnu/wine/x86_64-windows

install_tools() {
  local packages
  is_debian || die "--config=windows builds with packages of Debian 12, and this is no Debian machine"
  mapfile -t packages < <(missing_cross_packages)
  install_packages "${packages[@]}"
  [[ -d $mingw ]] || die "--config=windows is made for Debian 12: its g++-mingw-w64-x86-64-posix has $mingw"
  [[ -d $(wine_prefix) ]] || make_wine_prefix
}

missing_cross_packages() {
  need clang-14 test -x /usr/lib/llvm-14/bin/clang
  need g++-mingw-w64-x86-64-posix test -d "$mingw"
  need lld-19 test -x /usr/bin/ld.lld-19
  need wine64 test -x "$wine"
}

# What a test's own Wine prefix is made of, by Wine's version and the recipe here.
wine_prefix() {
  local version recipe
  version=$(dpkg-query -W -f '${Version}' wine64)
  recipe=$(cksum <"$root/tools/bootstrap/cross_windows.sh" | cut -d' ' -f1)
  echo "$cache/wine-prefix-$version-$recipe"
}

make_wine_prefix() {
  local prefix=$work/wine-prefix service
  say "making a Wine prefix"
  (
    export WINEPREFIX=$prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' DISPLAY=
    "$wine" wineboot -i
    # The debugger prints where a program crashed; it would ask on the screen first.
    set_number 'HKCU\Software\Wine\WineDbg' ShowCrashDialog 0
    # No devices are looked for: that takes time, and now and then it crashes.
    for service in winebus winehid wineusb; do
      set_number "HKLM\\System\\CurrentControlSet\\Services\\$service" Start 4
    done
    "$wineserver" -w
  ) >"$cache/wine.log" 2>&1 </dev/null || true
  [[ -s $prefix/system.reg ]] && grep -q ShowCrashDialog "$prefix/user.reg" ||
    die "can not make a Wine prefix: $(reason wine.log)"
  link_libraries "$prefix/drive_c/windows/system32"
  mv -T "$prefix" "$(wine_prefix)"
}

set_number() { "$wine" reg add "$1" /v "$2" /t REG_DWORD /d "$3" /f; }

# The prefix has 600 MB of copies of what the package brought.
link_libraries() {
  local copy original
  for copy in "$1"/*; do
    original=$wine_libraries/${copy##*/}
    ! cmp -s "$copy" "$original" || ln -sf "$original" "$copy"
  done
}

tools_rc() {
  needs /usr/lib/llvm-14/bin/clang /usr/bin/ld.lld-19 "$mingw" "$wine" "$(wine_prefix)"
  echo "build:windows_cross \"--run_under=//tools/toolchains/windows:run_in_wine '$(wine_prefix)'\""
}
