// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What eddy needs of the compiler, said clearly. Included before everything else.

#ifndef EDDY_RUNTIME_LANGUAGE_H_
#define EDDY_RUNTIME_LANGUAGE_H_

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "eddy needs C++20 for the whole build: --cxxopt=-std=c++20 in .bazelrc (README.md)"
#endif

#if !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "eddy needs exceptions: code without them meets it behind functions that give absl::StatusOr"
#endif

#endif  // EDDY_RUNTIME_LANGUAGE_H_
