#!/bin/sh
# bare_root.sh ROOT PACKAGE TORCH COMMAND...: runs COMMAND as on a bare Debian, with PACKAGE at /opt/facet and TORCH, a folder
# "torch" of a site-packages, at /opt/site-packages/torch.
#
# ROOT is filled with the files of Debian's essential packages that a shell script and a C++ program need, taken from this
# machine. All mounts are in a mount namespace of this script's own and end with it.
set -eu
if [ "${BARE_ROOT_INSIDE:-}" != 1 ]; then
    BARE_ROOT_INSIDE=1 exec unshare --mount "$0" "$@"
fi
root=$1 package=$2 torch=$3
shift 3

if ! [ -e "$root/usr/bin/dash" ]; then
    mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$root/proc" "$root/tmp" "$root/dev" \
        "$root/opt/facet" "$root/opt/site-packages"
    for folder in bin sbin lib lib64; do
        ln -s "usr/$folder" "$root/$folder"
    done
    dpkg -L libc6 libgcc-s1 libstdc++6 dash coreutils sed grep libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 |
        grep -v '^/usr/share' | while read -r file; do
        if [ -f "$file" ] || [ -h "$file" ]; then
            if ! [ -d "$file" ]; then
                mkdir -p "$root$(dirname "$file")"
                cp -P "$file" "$root$file"
            fi
        fi
    done
fi
mount -t proc proc "$root/proc"
mount --bind "$package" "$root/opt/facet"
mount --bind "$(dirname "$torch")" "$root/opt/site-packages"
exec chroot "$root" "$@"
