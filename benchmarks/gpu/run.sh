#!/usr/bin/env bash
# What to run first on a machine with a GPU: at most nine minutes, and it ends by itself.
#
#   bash benchmarks/gpu/run.sh FOLDER               on the GPU
#   DEVICE=cpu bash benchmarks/gpu/run.sh FOLDER    a small form of everything, to see the script work
#
# In a checkout, with the project installed beside a torch that knows the GPU (PYTHON names another
# python than the one on the path; PATIENCE=3 gives three times as long, on a machine that has other
# things to do). FOLDER gets a log of each section, and table.md: one table with the card's name, for
# docs/speed.md. Every section has a limit of its own, and one that fails or is
# ended takes none of the others with it. What it needs of data is made up or comes with
# scikit-learn.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=${1:?usage: bash benchmarks/gpu/run.sh FOLDER}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
python=${PYTHON:-python3}
device=${DEVICE:-cuda}
patience=${PATIENCE:-1}
total=$((540 * patience))
[ "$device" = cuda ] && small= || small=--small
started=$SECONDS
export PYTHONUNBUFFERED=1
here=benchmarks/gpu
: >"$out/sections.txt"

section() { # section NAME SECONDS COMMAND...
  local name=$1 limit=$(($2 * patience)) begun=$SECONDS left rc
  shift 2
  left=$((total - (SECONDS - started)))
  [ "$limit" -le "$left" ] || limit=$left
  if [ "$limit" -lt 5 ]; then
    printf '%-12s left out: no time\n' "$name" | tee -a "$out/sections.txt"
    return
  fi
  # who does not heed the first signal is ended five seconds later
  timeout -k 5 "$((limit - 5 > 0 ? limit - 5 : 1))" "$@" >"$out/$name.log" 2>&1
  rc=$?
  printf '%-12s exit code %-3s %4d s of %s\n' "$name" "$rc" "$((SECONDS - begun))" "$limit" |
    tee -a "$out/sections.txt"
}

section machine 45 "$python" $here/machine.py --device "$device" $small
section captured 60 "$python" $here/captured.py --device "$device" $small
section steps 120 "$python" $here/steps.py --device "$device" $small
section paper 75 "$python" $here/paper.py --device "$device" $small
if [ -n "$small" ]; then
  section generation 30 "$python" benchmarks/speed/regene.py --device "$device" --preset quick \
    --images 20 --loop 2 --steps 1 --size 16
  section sweep 60 "$python" benchmarks/speed/sweep.py --device "$device" --models 2 --steps 2
else
  section generation 60 "$python" benchmarks/speed/regene.py --device "$device" --loop 40
  section sweep 60 "$python" benchmarks/speed/sweep.py --device "$device" --models 64
fi
section agreement 60 "$python" $here/agreement.py --device "$device" --folder "$out/agreement"
section smallest 150 "$python" $here/smallest.py --device "$device" --folder "$out/smallest" $small

{
  printf '| section | what | found |\n|---|---|---|\n'
  for name in machine captured steps paper agreement smallest; do
    grep -h '^| ' "$out/$name.log"
  done
  for name in generation sweep; do
    printf '\n```text\n'
    cat "$out/$name.log"
    printf '```\n'
  done
  printf '\n```text\n'
  cat "$out/sections.txt"
  printf 'all          %4d s\n```\n' "$((SECONDS - started))"
} >"$out/table.md"
cat "$out/table.md"
