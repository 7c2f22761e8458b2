#!/usr/bin/env bash
# A SLURM cluster of three nodes with two pretended GPUs each, on the loopback of this machine, in a folder of its own.
#   cluster.sh start DIR   starts munged, slurmctld and three slurmd; says SLURM_CONF=FILE when all nodes are idle.
#                          Ends with 77 and a sentence where SLURM cannot run.
#   cluster.sh stop DIR    ends what start began, also after a start that failed
# Partitions: low (default; its jobs are preempted and queued again), high (preempts), short (one minute at most).
set -euo pipefail

cannot() { echo "$*"; exit 77; }

# Ends a process whose number is in a file, and waits until it is gone.
end_process() {
    local pid i
    [[ -s $1 ]] || return 0
    pid=$(<"$1")
    kill "$pid" 2>/dev/null || return 0
    for ((i = 0; i < 50; ++i)); do
        kill -0 "$pid" 2>/dev/null || return 0
        read -r -t 0.1 <> <(:) || true
    done
    kill -KILL "$pid" 2>/dev/null || true
}

stop() {
    local dir=$1 name i
    if [[ -f $dir/slurm.conf ]]; then
        SLURM_CONF=$dir/slurm.conf timeout 10 scancel --user="$(id -un)" --full 2>/dev/null || true
        # Without its slurmd a step would stay.
        for ((i = 0; i < 50; ++i)); do
            [[ -n $(SLURM_CONF=$dir/slurm.conf timeout 5 squeue --noheader 2>/dev/null) ]] || break
            read -r -t 0.1 <> <(:) || true
        done
    fi
    for name in slurmd.n1 slurmd.n2 slurmd.n3 slurmctld munged; do
        end_process "$dir/$name.pid"
    done
}

start() {
    local dir=$1 name base host i
    for name in munged slurmctld slurmd sbatch; do
        command -v "$name" > /dev/null || cannot "there is no $name here: ./dev setup --tests installs slurm-wlm and munge"
    done
    [[ $(id -u) == 0 ]] || cannot "SLURM's daemons are started as root only, and this is $(id -un)"
    host=$(hostname)
    getent hosts "$host" > /dev/null || cannot "this machine's name, $host, has no address, and SLURM asks for it"
    mkdir -p "$dir/slurmctld"
    chmod 755 "$dir"
    base=$((20000 + $$ % 20000))
    sed -e "s|@DIR@|$dir|g" -e "s|@HOST@|$host|g" -e "s|@CONTROL@|$base|g" -e "s|@FIRST@|$((base + 1))|g" -e "s|@LAST@|$((base + 3))|g" \
        "$(dirname "${BASH_SOURCE[0]}")/slurm.conf.in" > "$dir/slurm.conf"
    # SLURM only looks whether these are there.
    echo "Name=gpu File=/dev/null,/dev/zero" > "$dir/gres.conf"
    head -c 1024 /dev/urandom > "$dir/munge.key"
    chmod 600 "$dir/munge.key"
    export SLURM_CONF=$dir/slurm.conf
    {
        munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
            --log-file="$dir/munged.log" --seed-file="$dir/munged.seed" || cannot "munged does not start: see $dir/munged.log"
        slurmctld -c || cannot "slurmctld does not start: see $dir/slurmctld.log"
        for name in n1 n2 n3; do
            slurmd -N "$name" || cannot "slurmd does not start: see $dir/slurmd.$name.log"
        done
    } >> "$dir/start.log" 2>&1 < /dev/null
    for ((i = 0; i < 300; ++i)); do
        if [[ $(sinfo --noheader --Node --partition=low --states=idle --format=%N 2>/dev/null | wc -l) == 3 ]]; then
            echo "SLURM_CONF=$dir/slurm.conf"
            return
        fi
        read -r -t 0.1 <> <(:) || true
    done
    cannot "the nodes did not come up within 30 s: see $dir/*.log"
}

case ${1:-} in
    start) start "$2" ;;
    stop) stop "$2" ;;
    *) echo "cluster.sh: start DIR or stop DIR" >&2; exit 2 ;;
esac
