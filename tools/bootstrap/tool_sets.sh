# Tool sets: what only some configurations need, installed when a command line names one of these for the first time.
#
# A set is a file cross_<set>.sh, which setup runs in a shell of its own, with two functions:
#   install_tools   installs what is missing; it may be interrupted, and is run again when something is gone
#   tools_rc        prints what bazelw.<set>.bazelrc is to hold: options for Bazel, and what has to be there (needs)
# Besides, read_arguments names its configurations, and .bazelrc imports its file.
# shellcheck shell=bash

# Sets $tool_sets to what the configurations on a command line need, and $arguments to what Bazel is told.
read_arguments() {
  local argument is_name='' rest=''
  tool_sets=() arguments=()
  for argument in "$@"; do
    case $rest$is_name$argument in
      --) rest=yes ;; # what follows is for the program that Bazel runs
      --config) is_name=--config= ;;
      --config=*)
        use_configuration "${argument#--config=}"
        argument=${argument%"${argument#--config=}"}$configuration
        is_name=
        ;;
    esac
    arguments+=("$argument")
  done
}

# Sets $configuration to Bazel's name for one that a command line names.
use_configuration() {
  configuration=$1
  [[ $OSTYPE == linux* ]] || return 0
  case $configuration in
    windows | windows_cross)
      # On Windows, Bazel adds --config=windows by itself, with Microsoft's options in it.
      configuration=windows_cross
      tool_sets+=(windows)
      ;;
    macos_arm64 | macos_x86_64) tool_sets+=(macos) ;;
  esac
}

rc_of_tools() { echo "$root/bazelw.$1.bazelrc"; }

# Fails when a tool set has to be installed.
have_tools() {
  local tools
  for tools in "$@"; do
    is_current "$(rc_of_tools "$tools")" || return 1
  done
}
