# The tools of --config=windows: clang 14 and lld, MinGW-w64's headers and libraries, and Wine, which runs the tests.
# shellcheck shell=bash

mingw=/usr/lib/gcc/x86_64-w64-mingw32/12-posix
wine=/usr/lib/wine/wine64
wineserver=/usr/lib/wine/wineserver64

install_tools() {
  local packages
  is_debian || die "--config=windows builds with packages of Debian 12, and this is no Debian machine"
  mapfile -t packages < <(missing_cross_packages)
  install_packages "${packages[@]}"
  [[ -d $mingw ]] || die "--config=windows is made for Debian 12: its g++-mingw-w64-x86-64-posix has $mingw"
  [[ -d $(wine_prefix) ]] || make_wine_prefix
}

missing_cross_packages() {
  need clang-14 test -x /usr/bin/clang-14
  need g++-mingw-w64-x86-64-posix test -d "$mingw"
  need lld-19 test -x /usr/bin/ld.lld-19
  need wine64 test -x "$wine"
}

# What a test's own Wine prefix is made of.
wine_prefix() { echo "$cache/wine-prefix-$(dpkg-query -W -f '${Version}' wine64)"; }

make_wine_prefix() {
  local prefix=$work/wine-prefix
  say "making a Wine prefix"
  (
    export WINEPREFIX=$prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' DISPLAY=
    "$wine" wineboot -i && "$wineserver" -w
  ) >"$cache/wine.log" 2>&1 </dev/null
  [[ -s $prefix/system.reg && -s $prefix/user.reg ]] || die "can not make a Wine prefix: $(reason wine.log)"
  mv -T "$prefix" "$(wine_prefix)"
}

tools_rc() {
  needs /usr/bin/clang-14 /usr/bin/ld.lld-19 "$mingw" "$wine" "$(wine_prefix)"
  echo "test:windows_cross \"--test_env=EDDY_WINE_PREFIX=$(wine_prefix)\""
}
