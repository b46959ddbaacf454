include(GNUInstallDirs)
foreach(program mofc quickmode quickmode-collect quickmode-serve)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/mof/ DESTINATION ${CMAKE_INSTALL_DATADIR}/quickmode/mof
        FILES_MATCHING PATTERN "*.mof")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/quickmode DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
