# find_package(quickmode-mof): targets quickmode::mof (shared) and quickmode::mof-static.
include(CMakeFindDependencyMacro)
find_dependency(fmt)
include(${CMAKE_CURRENT_LIST_DIR}/quickmode-mof-targets.cmake)
