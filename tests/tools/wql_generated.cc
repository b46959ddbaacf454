// wql_generated COUNT: so many generated queries beside the naive evaluator; the first difference
// ends it.
#include <cstdio>
#include <cstdlib>

#include "wmi/wql_generated_testing.h"

int main(int argc, char** argv) {
  const auto count = static_cast<std::uint32_t>(argc == 2 ? std::atol(argv[1]) : 100'000);
  const auto difference = qm::wmi::wql::generated::first_difference(count);
  if (difference) {
    std::fprintf(stderr, "%s\n", difference->c_str());
    return 1;
  }
  std::printf("%u generated queries, no difference\n", count);
  return 0;
}
