// c-ares is built by our own BUILD file: this sees that it compiles, links and starts.

#include <ares.h>

#include "gtest/gtest.h"

namespace {

TEST(Cares, InitialisesAndAnswersFromTheLibraryThatItsHeaderDescribes) {
  ASSERT_EQ(ares_library_init(ARES_LIB_INIT_ALL), ARES_SUCCESS);
  int version = 0;
  EXPECT_STREQ(ares_version(&version), ARES_VERSION_STR);
  EXPECT_EQ(version, ARES_VERSION);
  ares_library_cleanup();
}

TEST(Cares, MakesAChannelFromTheConfigurationOfTheMachine) {
  ASSERT_EQ(ares_library_init(ARES_LIB_INIT_ALL), ARES_SUCCESS);
  ares_channel channel;
  ASSERT_EQ(ares_init_options(&channel, nullptr, 0), ARES_SUCCESS);
  ares_destroy(channel);
  ares_library_cleanup();
}

}  // namespace
