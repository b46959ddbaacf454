# The build compiles the classes with our own mofc; nothing else defines their structures.

# A mofc that is there already, such as a release's, spares a sanitizer's build that tests none of its
# own the compiler.
set(QM_MOFC mofc CACHE STRING "The mofc that compiles the classes: a target, or a path")

# qm_mof_header(TARGET FILE.mof): TARGET is an interface library whose users can include
# "generated/<name>.h".
function(qm_mof_header target mof)
  cmake_path(GET mof STEM stem)
  set(header ${CMAKE_BINARY_DIR}/generated/generated/${stem}.h)
  file(GLOB all_mof CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/mof/*.mof)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated/generated
    COMMAND ${QM_MOFC} header ${CMAKE_SOURCE_DIR}/mof/${mof} -I ${CMAKE_SOURCE_DIR}/mof -o ${header}
    DEPENDS ${QM_MOFC} ${all_mof} VERBATIM)
  add_custom_target(${target}_files DEPENDS ${header})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_files)
endfunction()

# qm_embed(OUT.cc NAMESPACE FILES...): a table {name, bytes} of files, for the binary that serves
# them. Declared by src/base/embedded.h.
function(qm_embed out symbol)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} "-DFILES=${ARGN}"
            -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
endfunction()
