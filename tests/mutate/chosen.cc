// Which mutant of the program is the one that runs, and which functions it has entered.
#include <cstdlib>

int mutant_chosen = [] {
  const char* given = std::getenv("MUTANT");
  return given == nullptr ? -1 : std::atoi(given);
}();
unsigned char function_entered[4096];
