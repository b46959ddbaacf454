include(GNUInstallDirs)
foreach(program mofc quickmode quickmode-collect quickmode-serve quickmode-sim-provider)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/mofcomp ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/wmimofck
        DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_SOURCE_DIR}/cmake/QuickmodeMof.cmake
        DESTINATION ${CMAKE_INSTALL_DATADIR}/cmake/quickmode)
install(TARGETS quickmode-provider LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/mof/ DESTINATION ${CMAKE_INSTALL_DATADIR}/quickmode/mof
        FILES_MATCHING PATTERN "*.mof")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/quickmode DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# libquickmode-mof: its interface is the headers of src/mof and src/base that quickmode/mof.h names.
set(mof_headers base/arena.h base/bytes.h base/diagnostics.h base/kept_text.h base/result.h
  base/source_map.h mof/amendment.h mof/bmf.h mof/c_stubs.h mof/decompile.h mof/diff.h mof/dump.h
  mof/header.h mof/limits.h mof/list.h
  mof/memory_reader.h mof/model.h mof/mof.h mof/mof_text.h mof/text.h mof/visit.h
  mof/warnings.h)
foreach(header IN LISTS mof_headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${CMAKE_SOURCE_DIR}/src/${header}
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quickmode-mof/${folder} COMPONENT mof)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/include/quickmode/mof.h
        ${CMAKE_SOURCE_DIR}/include/quickmode/wdm_types.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quickmode COMPONENT mof)
set_target_properties(quickmode-mof PROPERTIES EXPORT_NAME mof)
set_target_properties(quickmode-mof-static PROPERTIES EXPORT_NAME mof-static)
install(TARGETS quickmode-mof quickmode-mof-static EXPORT quickmode-mof-targets COMPONENT mof
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
                             ${CMAKE_INSTALL_INCLUDEDIR}/quickmode-mof)
install(EXPORT quickmode-mof-targets NAMESPACE quickmode:: COMPONENT mof
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quickmode-mof)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/quickmode-mof/quickmode-mof-config.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quickmode-mof COMPONENT mof)
configure_file(${CMAKE_SOURCE_DIR}/packaging/quickmode-mof/quickmode-mof.pc.in
               ${CMAKE_BINARY_DIR}/quickmode-mof.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/quickmode-mof.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT mof)
