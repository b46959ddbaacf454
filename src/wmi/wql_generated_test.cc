// A few of the generated queries under the sanitizers; 100,000 of them:
// tests/tools/wql_generated.cc.
#include <gtest/gtest.h>

#include "wmi/wql_generated_testing.h"

namespace qm::wmi::wql {
namespace {

TEST(WqlGenerated, finds_what_a_naive_evaluator_finds) {
  EXPECT_EQ(generated::first_difference(2'000).value_or(""), "");
}

}  // namespace
}  // namespace qm::wmi::wql
