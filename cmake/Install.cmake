include(GNUInstallDirs)
install(TARGETS mofc quickmode quickmode-collect quickmode-serve
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/mof/ DESTINATION ${CMAKE_INSTALL_DATADIR}/quickmode/mof
        FILES_MATCHING PATTERN "*.mof")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/quickmode DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
