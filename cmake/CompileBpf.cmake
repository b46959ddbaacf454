# eBPF programs: compiled at build, put into the binary. The kernel's structures are found at run
# time (CO-RE), so that neither headers nor BTF of a kernel are needed here.
option(QM_PROBES "build the eBPF probes, if clang and libbpf are there" ON)
set(QM_HAVE_PROBES OFF)
if(QM_PROBES)
  find_program(QM_BPF_CLANG NAMES clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 clang)
  find_library(QM_LIBBPF NAMES bpf)
  find_path(QM_LIBBPF_INCLUDE bpf/bpf_core_read.h)
  if(QM_BPF_CLANG AND QM_LIBBPF AND QM_LIBBPF_INCLUDE)
    set(QM_HAVE_PROBES ON)
    message(STATUS "eBPF probes: built with ${QM_BPF_CLANG}")
  else()
    message(STATUS "eBPF probes: NOT built, counting without them "
      "(needed: clang and libbpf-dev; scripts/install-deps.sh build)")
  endif()
else()
  message(STATUS "eBPF probes: NOT built (QM_PROBES=OFF), counting without them")
endif()

# qm_bpf_object(OUT.o SOURCE HEADERS...)
function(qm_bpf_object out source)
  # x86, arm64, …: how bpf_tracing.h names the processor.
  string(REGEX REPLACE "x86_64|amd64|i.86" "x86" arch "${CMAKE_SYSTEM_PROCESSOR}")
  string(REGEX REPLACE "aarch64" "arm64" arch "${arch}")
  set(multiarch "")
  if(CMAKE_LIBRARY_ARCHITECTURE)
    set(multiarch -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
  endif()
  add_custom_command(OUTPUT ${out}
    COMMAND ${QM_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Werror
            -D__TARGET_ARCH_${arch} -I${CMAKE_SOURCE_DIR}/src -I${QM_LIBBPF_INCLUDE} ${multiarch}
            -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -c ${source} -o ${out}
    DEPENDS ${source} ${ARGN} VERBATIM)
endfunction()
