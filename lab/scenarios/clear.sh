# shellcheck shell=bash disable=SC2034
# No policy: nothing protects this session, and a file system lies on its disk.
index=4
mounted=/mnt/clear
