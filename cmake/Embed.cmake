# Writes OUT: the bytes of FILES as a table of qm::EmbeddedFile named SYMBOL.
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS FILES)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  get_filename_component(name ${file} NAME)
  file(SIZE ${file} size)
  string(APPEND arrays "constexpr unsigned char kFile${n}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", {reinterpret_cast<const char*>(kFile${n}), ${size}}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUT} "// Made by cmake/Embed.cmake; do not edit.
#include \"base/embedded.h\"
namespace qm {
namespace {
${arrays}const EmbeddedFile kTable[] = {
${rows}};
}  // namespace
std::span<const EmbeddedFile> ${SYMBOL}() { return kTable; }
}  // namespace qm
")
