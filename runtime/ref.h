// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A counted pointer for objects that live on one thread: the count is not atomic.

#ifndef EDDY_RUNTIME_REF_H_
#define EDDY_RUNTIME_REF_H_

#include <cstdint>
#include <utility>

namespace eddy::internal {

// T has retain() and release(). A new T starts with one reference, which adopt() takes.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T& object) noexcept : object_(&object) { object.retain(); }
  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  T* detach() noexcept { return std::exchange(object_, nullptr); }

  friend bool operator==(const Ref&, const Ref&) = default;

 private:
  T* object_ = nullptr;
};

// The count that a T needs for that, which deletes it with the last reference.
template <class T>
class Counted {
 public:
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete static_cast<T*>(this);
  }

 protected:
  Counted() = default;
  ~Counted() = default;

 private:
  std::uint32_t references_ = 1;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_REF_H_
