/* Preloaded: writes to the files of one directory, or their syncs, fail with EIO on command, or a
   process stops itself, as by SIGSTOP, when it is about to sync one.

   FAILING_UNDER: a part of the files' paths. FAILING_COMMAND: a file that says what happens now,
   "write", "sync" or "stop"; nothing where it is absent. Not a device: the kernel has no part in it, so what
   was written stays readable. See failing_io.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int told(int fd, const char *what)
{
    char link[64], path[4096], command[8];
    const char *under = getenv("FAILING_UNDER"), *file = getenv("FAILING_COMMAND");
    int saved = errno, found = 0;
    ssize_t size;

    if (!under || !file)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    if (size > 0) {
        path[size] = 0;
        int source = strstr(path, under) ? syscall(SYS_openat, AT_FDCWD, file, O_RDONLY) : -1;
        if (source >= 0) {
            size = syscall(SYS_read, source, command, sizeof command - 1);
            syscall(SYS_close, source);
            found = size > 0 && !strncmp(command, what, strlen(what));
        }
    }
    errno = found ? EIO : saved;
    return found;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return told(fd, "write") ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at)
{
    return told(fd, "write") ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return pwrite64(fd, data, size, at);
}

static int fails_to_sync(int fd)
{
    if (told(fd, "stop"))
        raise(SIGSTOP);
    return told(fd, "sync");
}

int fsync(int fd)
{
    return fails_to_sync(fd) ? -1 : syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails_to_sync(fd) ? -1 : syscall(SYS_fdatasync, fd);
}
