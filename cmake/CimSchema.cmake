# The DMTF CIM Schema, unpacked, where the corpus has it: what tests and benchmarks of the MOF
# compiler read when it is there. QM_CIM_DIR names the folder, which may not exist.
set(QM_CIM_DIR "${CMAKE_BINARY_DIR}/cim")
set(qm_cim_zip "${CMAKE_SOURCE_DIR}/../shared/corpus/cim_schema_2.49.0Final-MOFs.zip")
if(EXISTS "${qm_cim_zip}" AND NOT EXISTS "${QM_CIM_DIR}")
  file(ARCHIVE_EXTRACT INPUT "${qm_cim_zip}" DESTINATION "${QM_CIM_DIR}")
endif()
