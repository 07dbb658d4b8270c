// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The suite that defines a backend: what platform/proactor.h says in prose, as tests.
// It runs on eddy's own backends, and on yours:
//
//   class MyBackend : public eddy::ContractBackend { ... };
//
//   INSTANTIATE_TEST_SUITE_P(
//       Mine, ProactorContract,
//       testing::Values(eddy::ContractParam("mine", [] { return std::make_unique<MyBackend>(); })),
//       eddy::contract_param_name);
//
// in a GoogleTest program that links //testing:proactor_contract. The tests drive ops by
// hand, on loopback connections of the backend's own, in one thread (but for wake()), and
// take what any kernel may do: each op may be over within submit() or later, each cancel may
// be prompt or late, each transfer may be short.

#ifndef EDDY_TESTING_PROACTOR_CONTRACT_H_
#define EDDY_TESTING_PROACTOR_CONTRACT_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/testing/proactor_driver.h"

namespace eddy {

// What the suite has to know of a backend and can not ask its Platform. Made anew for each
// test.
class ContractBackend {
 public:
  virtual ~ContractBackend() = default;

  virtual Platform& platform() = 0;

  // How many handles of any kind are open: must be the same before and after a test.
  virtual std::size_t open_handles() = 0;

  // Whether a new handle has the lowest number that is free.
  virtual bool gives_lowest_handle() { return true; }

  // Whether a child process would inherit `handle`; false where there are no children.
  virtual bool is_inherited_by_children(NativeHandle handle) = 0;

  // The plain non-blocking calls that the owner of a foreign descriptor makes.
  virtual std::size_t receive_now(NativeHandle handle, std::span<std::byte> into,
                                  std::error_code& error) = 0;
  virtual std::size_t send_now(NativeHandle handle, std::span<const std::byte> bytes,
                               std::error_code& error) = 0;
};

// One backend, or one way to set it up, under a name of letters and digits.
class ContractParam {
 public:
  using Factory = std::function<std::unique_ptr<ContractBackend>()>;

  ContractParam(std::string name, Factory make) : name_(std::move(name)), make_(std::move(make)) {}

  const std::string& name() const { return name_; }
  std::unique_ptr<ContractBackend> make() const { return make_(); }

 private:
  std::string name_;
  Factory make_;
};

void PrintTo(const ContractParam& param, std::ostream* out);

inline std::string contract_param_name(const testing::TestParamInfo<ContractParam>& info) {
  return info.param.name();
}

class ProactorContract : public testing::TestWithParam<ContractParam>, protected ProactorDriver {
 protected:
  void SetUp() override;
  void TearDown() override;

  ContractBackend& backend() { return *backend_; }

  // Everything that is there, as the owner of a foreign descriptor would read it, and as
  // much as goes, as it would write it.
  std::string drain_foreign(const TestEndpoint& endpoint);
  void fill_foreign(const TestEndpoint& endpoint);

 private:
  std::unique_ptr<ContractBackend> backend_;
  std::size_t handles_before_ = 0;
};

}  // namespace eddy

#endif  // EDDY_TESTING_PROACTOR_CONTRACT_H_
