#!/usr/bin/env bash
# TensorFlow 2.21.0 writes to standard error when it is imported even with TF_CPP_MIN_LOG_LEVEL=3, which is documented to leave
# fatal errors only: on a CPU six lines, information on oneDNN and on missing CUDA drivers, each twice, under
# "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR". They come before the setting is
# read, so neither the variable nor Python's logging removes them; only turning the file descriptor of standard error does.
# A program whose standard error is read by another one must expect them. Seen on 2026-11-29 with Python 3.11 on x86-64.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tensorflow==2.21.0"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 "$folder/venv/bin/python" -c 'import tensorflow as tf; print("TensorFlow", tf.__version__)' \
  2> "$folder/stderr"
cat "$folder/stderr"
count="$(grep -c '^I0000 ' "$folder/stderr" || true)"
if [ "$count" -lt 2 ]; then
  echo "$count lines of information at level 3; expected 2 or more: the behaviour has changed" >&2
  exit 1
fi
echo "$count lines of information although TF_CPP_MIN_LOG_LEVEL is 3"
