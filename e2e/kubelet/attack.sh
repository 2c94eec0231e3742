# Run by a root shell in a pod: tries to change the model in folder $1, and prints what it could do, and "end".
cd "$1" || exit 1
could() { local what=$1; shift; if "$@" >/dev/null 2>&1; then echo "$what"; fi; }

could remount mount -o remount,rw "$1"
could remount-bind mount -o remount,rw,bind "$1"
could append sh -c 'echo x >>model.safetensors'
could overwrite dd if=/dev/zero of=model.safetensors bs=1 count=1 conv=notrunc
could truncate truncate -s 0 model.safetensors
could chmod chmod 0666 config.json
could chown chown 1:1 config.json
could set-time touch -d 2001-01-01 config.json
could rename mv config.json other.json
could link ln model.safetensors link
could create sh -c 'echo x >new'
could mkdir mkdir folder
could mknod mknod device c 1 3
could write-below sh -c 'echo x >>sub/deep.txt'
could create-below sh -c 'echo x >sub/new'
could unlink rm -f model.safetensors
could rmdir sh -c 'rm -rf sub && ! test -e sub'
echo end
