# MOF in a CMake build: the WMI tool suite's two steps, by mofc. For projects that build drivers.
#
#   include(QuickmodeMof)
#   mof_add_header(target FILE.mof… [OUTPUT name.h] [STUBS name.c] [INCLUDE_DIRS dir…] [WMIMOFCK])
#   mof_add_bmf(target FILE.mof… [OUTPUT name.bmf] [INCLUDE_DIRS dir…])
#
# mof_add_header() makes the C header of the classes in the build folder and lets the target include
# it; WMIMOFCK leaves out the lines that find the basic types elsewhere than on Windows. With STUBS
# it also writes the C stubs of a driver's WMI functions, once: they are there to be edited.
# mof_add_bmf() makes the binary MOF there, and lets the target's resource script find it:
#   MofResourceName MOFDATA name.bmf
# Both are made again when an included file changes.
# MOFC_EXECUTABLE names the compiler: the build's own when it has one, else the one in PATH.
include_guard(GLOBAL)

if(NOT MOFC_EXECUTABLE)
  if(TARGET mofc)
    set(MOFC_EXECUTABLE $<TARGET_FILE:mofc>)
  else()
    find_program(MOFC_EXECUTABLE mofc REQUIRED)
  endif()
endif()

# Of what the caller parsed into ARG_…: sources, options and output, which bears the first
# source's name where none is given.
macro(_mof_files extension)
  set(sources "")
  set(options "")
  foreach(source ${ARG_UNPARSED_ARGUMENTS})
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND sources ${source})
  endforeach()
  foreach(dir ${ARG_INCLUDE_DIRS})
    cmake_path(ABSOLUTE_PATH dir BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND options -I ${dir})
  endforeach()
  if(NOT ARG_OUTPUT)
    list(GET sources 0 first)
    cmake_path(GET first STEM stem)
    set(ARG_OUTPUT ${stem}${extension})
  endif()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${ARG_OUTPUT})
endmacro()

function(mof_add_header target)
  cmake_parse_arguments(ARG "WMIMOFCK" "OUTPUT;STUBS" "INCLUDE_DIRS" ${ARGN})
  _mof_files(.h)
  if(ARG_WMIMOFCK)
    list(APPEND options --wmimofck)
  endif()
  add_custom_command(OUTPUT ${output}
    COMMAND ${MOFC_EXECUTABLE} header ${sources} ${options} -o ${output} --depfile ${output}.d
    DEPFILE ${output}.d DEPENDS ${sources} VERBATIM)
  if(ARG_STUBS AND NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_STUBS})
    add_custom_command(OUTPUT ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_STUBS}
      COMMAND ${MOFC_EXECUTABLE} header ${sources} ${options} -o ${output}
              -c ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_STUBS}
      DEPENDS ${sources} VERBATIM)
    target_sources(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_STUBS})
  endif()
  target_sources(${target} PRIVATE ${output})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()

function(mof_add_bmf target)
  cmake_parse_arguments(ARG "" "OUTPUT" "INCLUDE_DIRS" ${ARGN})
  _mof_files(.bmf)
  add_custom_command(OUTPUT ${output}
    COMMAND ${MOFC_EXECUTABLE} bmf ${sources} ${options} -o ${output} --depfile ${output}.d
    DEPFILE ${output}.d DEPENDS ${sources} VERBATIM)
  add_custom_target(${target}_${ARG_OUTPUT} DEPENDS ${output})
  add_dependencies(${target} ${target}_${ARG_OUTPUT})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
