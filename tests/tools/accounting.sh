# Sourced by tests/coverage/run and tests/mutate/run: the accounting code, and all that shows it
# right, without the rest of the house. Both compile it by themselves, a few files at a time.
# shellcheck shell=bash disable=SC2034
accounting=(src/hba/{attribution,entries,entry,evidence}.cc
  src/hba/ledger{,_finals,_sharing,_state}.cc src/hba/split{,_readings}.cc
  src/hba/engine{,_attribution,_births,_evidence,_probes,_report,_sharing}.cc src/xfrm/decode_sa.cc)
beside=(src/base/{address,text,result}.cc
  src/xfrm/{ahead,codec,connections,decode_policy,requests,sa_marks,sa_table,policy_table}.cc
  src/xfrm/{connections_linux,netlink_linux,probe_none,probe_records,xfrm_stat}.cc)
support=(tests/support/{xfrm_messages,xfrm_telling_sink,diag_messages}.cc)
unit_tests=(src/hba/{attribution,entries,evidence}_test.cc src/hba/ledger{,_edges,_state}_test.cc
  src/hba/split{,_edges,_epochs,_property,_unseen}_test.cc
  src/hba/engine{,_account,_births,_corners,_edges,_evidence,_lost,_moves,_probes,_sim,_state,_syncs}_test.cc
  src/hba/engine_sharing{,_edges,_ends}_test.cc
  src/xfrm/{codec,codec_malformed,connections,policy_table,probe_records,sa_table,recorded}_test.cc)
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
