#!/bin/bash
# One machine of world.sh: a layer of its own over the files of this one, then sshd as its first process.
set -euo pipefail
i=$1 scratch=$2
layer="$scratch/h$i"
mkdir -p "$layer"
mount -t tmpfs -o size=200m tmpfs "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
root="$layer/root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o size=100m,mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/run/sshd"
hostname "h$i"
rm -rf "$root/root/.ssh" "$root/root/.cache/busbench"
mkdir -p "$root/root/.ssh"
cp /root/.ssh/id_ed25519.pub "$root/root/.ssh/authorized_keys"
chmod -R go= "$root/root/.ssh"
cp "$scratch/hosts" "$root/etc/hosts"
cp "$scratch/key.h$i" "$root/etc/ssh/machine_key"
ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done
ip addr add "10.98.0.$i/24" dev eth0
ip link set eth0 up
ip route add default via 10.98.0.254
cd "$root"
mkdir -p oldroot
pivot_root . oldroot
umount -l /oldroot
exec /usr/sbin/sshd -D -e -f /dev/null -h /etc/ssh/machine_key -o Port=22 -o UsePAM=no -o PidFile=none \
  -o StrictModes=no -o MaxStartups=100
