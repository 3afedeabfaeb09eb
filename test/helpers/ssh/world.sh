#!/bin/bash
# A network of its own with N machines h1, h2 ... in it, each with an sshd, files, processes, a name and a host key of its
# own. Runs as the first process of its namespaces: when it ends, everything in them ends.
# Says "ready" once all answer, and lasts until its stdin ends.
set -euo pipefail
count=$1 here=$(dirname "$0") scratch=$2
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs "$scratch"
ip link set lo up
ip link add br0 type bridge
ip addr add 10.98.0.254/24 dev br0
ip link set br0 up
mkdir -p /root/.ssh "$scratch/ssh"
mount --bind "$scratch/ssh" /root/.ssh
chmod 700 /root/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /etc/hosts "$scratch/hosts"
for i in $(seq "$count"); do echo "10.98.0.$i h$i" >>"$scratch/hosts"; done
mount --bind "$scratch/hosts" /etc/hosts
for i in $(seq "$count"); do
  ssh-keygen -q -t ed25519 -N '' -f "$scratch/key.h$i"
  echo "h$i,10.98.0.$i $(cut -d' ' -f1,2 "$scratch/key.h$i.pub")" >>/root/.ssh/known_hosts
  unshare --net --mount --uts --ipc --pid --fork --kill-child --propagation private \
    bash "$here/machine.sh" "$i" "$scratch" >"$scratch/log.h$i" 2>&1 </dev/null &
  host=$!
  while [ "$(readlink /proc/$host/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  ip link add "v$i" type veth peer name eth0 netns "$host"
  ip link set "v$i" master br0 up
done
for i in $(seq "$count"); do
  until (exec 3<>"/dev/tcp/10.98.0.$i/22") 2>/dev/null; do
    sleep 0.1
    kill -0 "$(jobs -p %"$i")" || { cat "$scratch/log.h$i" >&2; exit 1; }
  done
done
echo ready
while read -r _; do :; done
