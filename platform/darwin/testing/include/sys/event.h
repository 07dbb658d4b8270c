// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Darwin's <sys/event.h> for Linux: what eddy's kqueue backend uses of it, with Darwin's
// layout and values. kqueue_double.cc implements the calls.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_SYS_EVENT_H_
#define EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_SYS_EVENT_H_

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_USER (-10)

// What to do.
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008
// How.
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
// What comes back.
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_OOB 0x00000002
#define NOTE_TRIGGER 0x01000000

#pragma pack(push, 4)
struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};
#pragma pack(pop)

extern "C" {
int kqueue(void);
int kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
           int nevents, const struct timespec* timeout);
}

#endif  // EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_SYS_EVENT_H_
