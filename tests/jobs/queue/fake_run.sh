#!/bin/sh
# In facet-engine's place: a run whose name says how it ends. "bad..." fails, "pause..." is saved and stopped, "wait..." lasts
# until there is a file go-NAME in FACET_HOME.
job=$2
[ -d "$job" ] && job=$job/job.json
name=$(sed -n 's/.*"name": "\([^"]*\)".*/\1/p' "$job")
dir=$FACET_HOME/runs/$name
echo "$name $4" >> "$FACET_HOME/starts"
say() {
    cat > "$dir/status.next" <<END
{"state": "$1", "message": "$2", "host": "$(uname -n)", "boot_id": "$(cat /proc/sys/kernel/random/boot_id)",
 "pid": $$, "process_start": $(cut -d' ' -f22 /proc/$$/stat), "heartbeat": $(date +%s.%N), "step": 1, "num_steps": 2}
END
    mv "$dir/status.next" "$dir/status.json"
}
say running
case $name in
wait*) until [ -e "$FACET_HOME/go-$name" ]; do sleep 0.02; done ;;
esac
case $name in
bad*) say failed "out of memory" ;;
pause*) say stopped ;;
*) say done ;;
esac
