# How everything is built: warnings are errors, one option a sanitizer set.
set(QM_SANITIZE "" CACHE STRING "address;undefined, or thread; empty for none")
option(QM_FUZZ "build the libFuzzer targets (needs clang)" OFF)
option(QM_GUIDED "everything tells libFuzzer where it has been, not the targets alone" OFF)
option(QM_BENCH "build the benchmarks" OFF)
option(QM_TESTS "build the unit tests (needs GoogleTest, rapidcheck)" ON)

find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
find_program(CCACHE ccache)
if(CCACHE)
  # What ccache needs to take precompiled headers for what they are.
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
  add_compile_options(
    "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>"
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()

add_library(qm_options INTERFACE)
target_compile_options(qm_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)
target_compile_definitions(qm_options INTERFACE FMT_HEADER_ONLY=0)
target_include_directories(qm_options INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/generated)

if(QM_SANITIZE)
  list(JOIN QM_SANITIZE "," sanitizers)
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitizers})
endif()
if(QM_GUIDED)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# For a target that tests: AddressSanitizer alone. What is tested keeps them all; the checks' own
# expansions take half of the compiler's time otherwise.
function(qm_compile_as_test target)
  if("undefined" IN_LIST QM_SANITIZE)
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
endfunction()

set(QM_COMMON_HEADERS <algorithm> <array> <expected> <functional> <map> <memory> <optional> <span>
  <string> <string_view> <unordered_map> <vector> <fmt/format.h>)

# Libraries take part in libquickmode-mof.so, and one precompiled header serves them all only when
# all are compiled alike. Without interposition calls inside a library stay direct.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-fno-semantic-interposition)

# The rule of the house: a folder is one library, and its link line says what it may use.
# qm_library(NAME SOURCES files... USES other folders... LINKS outside libraries...
#   PARSE_ONCE further headers that nearly every file of the folder includes... OPTIMIZE -O2|-O3)
# OPTIMIZE: what a release does for a folder whose speed counts; what only talks to people compiles
# faster without.
function(qm_library name)
  cmake_parse_arguments(ARG "" "OPTIMIZE" "SOURCES;USES;LINKS;PARSE_ONCE" ${ARGN})
  add_library(qm_${name} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_USES PREPEND qm_)
  target_link_libraries(qm_${name} PUBLIC qm_options ${ARG_USES} ${ARG_LINKS})
  set(alike "")
  if(ARG_OPTIMIZE AND CMAKE_BUILD_TYPE STREQUAL Release)
    target_compile_options(qm_${name} PRIVATE ${ARG_OPTIMIZE})
    set(alike ${ARG_OPTIMIZE})
  endif()
  # What nearly every file includes is parsed once for all folders that are compiled alike: it halves
  # the build on two cores.
  get_property(parsed GLOBAL PROPERTY qm_parsed${alike})
  if(parsed AND NOT ARG_PARSE_ONCE)
    target_precompile_headers(qm_${name} REUSE_FROM ${parsed})
  else()
    target_precompile_headers(qm_${name} PRIVATE ${QM_COMMON_HEADERS} ${ARG_PARSE_ONCE})
    if(NOT ARG_PARSE_ONCE)
      set_property(GLOBAL PROPERTY qm_parsed${alike} qm_${name})
    endif()
  endif()
endfunction()
