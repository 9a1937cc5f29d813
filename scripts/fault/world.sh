# The world of the kiosk that remains.go starts. Its root is the file system of an
# image, so that there is nothing else to write to; what it needs of the machine is
# seen in it, read-only. Nobody else sees these mounts, and they end with it.
#
#   unshare --mount sh world.sh ROOT PROGRAMS DEVICES PROGRAM ARGUMENT...
set -eu
root=$1 programs=$2 devices=$3
shift 3
show() {
	mount --rbind "$1" "$root/$2"
	mount -o remount,bind,ro "$root/$2"
}
show /usr usr
show /etc etc
show "$programs" opt
show "$devices" srv
mount --rbind /dev "$root/dev"
mount --bind "$root/shm" "$root/dev/shm"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
ulimit -c unlimited
exec chroot "$root" "$@"
