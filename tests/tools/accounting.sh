# Sourced by tests/coverage/run and tests/mutate/run: the accounting code, and all that shows it
# right, without the rest of the house. Both compile it by themselves, a few files at a time.
# shellcheck shell=bash disable=SC2034
accounting=(src/hba/{ledger,ledger_finals,ledger_state,attribution}.cc
  src/hba/engine{,_attribution,_births,_probes,_report}.cc src/xfrm/decode_sa.cc)
beside=(src/base/{address,text,result}.cc
  src/xfrm/{ahead,codec,decode_policy,requests,sa_marks,sa_table,policy_table,xfrm_stat}.cc)
support=(tests/support/xfrm_{messages,telling_sink}.cc)
unit_tests=(src/hba/{attribution,engine,engine_edges,engine_probes,engine_sim,engine_state,ledger}_test.cc
  src/xfrm/{codec,codec_malformed,policy_table,sa_table,recorded}_test.cc)
simulation=(tests/sim/*.cc)
compile_flags=(-std=c++23 -I src -I include -I tests -include fmt/format.h -include algorithm
  "-DQM_SOURCE_DIR=\"$PWD\"" "-DQM_SHARED_DIR=\"$PWD/../shared\"")
gtest_libraries=(-lgtest_main -lgmock -lgtest -lrapidcheck)

# together FILE SOURCES…: one translation unit of many, rewritten only when it changes.
together() {
  local unit=$1 source
  shift
  for source in "$@"; do echo "#include \"$PWD/$source\""; done > "$unit.new"
  if cmp -s "$unit.new" "$unit"; then rm "$unit.new"; else mv "$unit.new" "$unit"; fi
}
