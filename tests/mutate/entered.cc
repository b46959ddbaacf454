// With MUTANT_TESTS=FILE: writes for each unit test its name, how many microseconds it took, and
// the functions that it entered.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern unsigned char function_entered[4096];

namespace {

long now_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

class Entered : public testing::EmptyTestEventListener {
 public:
  explicit Entered(const char* path) : out_(std::fopen(path, "we")) {}
  void OnTestStart(const testing::TestInfo&) override {
    std::memset(function_entered, 0, sizeof function_entered);
    started_us_ = now_us();
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    std::fprintf(out_, "%s.%s %ld", test.test_suite_name(), test.name(), now_us() - started_us_);
    for (std::size_t i = 0; i < sizeof function_entered; ++i) {
      if (function_entered[i] != 0) std::fprintf(out_, " %zu", i);
    }
    std::fprintf(out_, "\n");
  }
  void OnTestProgramEnd(const testing::UnitTest&) override { std::fclose(out_); }

 private:
  std::FILE* out_;
  long started_us_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const char* path = std::getenv("MUTANT_TESTS")) {
    testing::UnitTest::GetInstance()->listeners().Append(new Entered(path));
  }
  return RUN_ALL_TESTS();
}
