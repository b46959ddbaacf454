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
