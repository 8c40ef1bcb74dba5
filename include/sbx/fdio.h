/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Descriptors: bounded reads, whole writes, passing over sockets, durable files.  (src/sys) */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "sbx/err.h"

/* read_all - read @fd to its end into new memory, NUL-terminated (the NUL is not counted).
 * @max_bytes: more than that is -EFBIG.  Returns 0, -errno; *ret owned by the caller. */
int read_all(int fd, size_t max_bytes, char **ret, size_t *ret_len, struct sbx_err *err);

/* read_file_at - open a regular file below @dirfd (O_NOFOLLOW on the last part, non-blocking; anything but a regular
 * file is -EINVAL) and read it whole. @path also names it in messages. */
int read_file_at(int dirfd, const char *path, size_t max_bytes, char **ret, size_t *ret_len, struct sbx_err *err);

/* write_all - write all bytes, however short the single writes are.  Returns 0, -errno. */
int write_all(int fd, const void *bytes, size_t n);

/* read_exact - fill @n bytes.  Returns 0; -ENODATA where the file ends at once; -EPIPE where it ends inside; -errno. */
int read_exact(int fd, void *bytes, size_t n);

/* fd_send, fd_recv - one message of @n bytes (may be 0 < n <= 4096) with up to 8 descriptors over a UNIX socket.
 * Received descriptors are close-on-exec.  fd_recv returns the number of bytes, 0 at end of file, -errno; fills
 * *ret_n_fds (in: room, out: number); descriptors beyond the room are closed and -EPROTO returned. */
int fd_send(int sock, const void *bytes, size_t n, const int *fds, size_t n_fds);
ssize_t fd_recv(int sock, void *bytes, size_t n, int *ret_fds, size_t *ret_n_fds);

/* fd_close_others - close every descriptor of the process from 3 up but those in @keep (ascending order).
 * Context: child before exec.  Source: close_range(2), /proc/self/fd where it is missing. */
int fd_close_others(const int *keep, size_t n_keep, struct sbx_err *err);

/* fd_cloexec_others - the same, but marks close-on-exec (CLOSE_RANGE_CLOEXEC). */
int fd_cloexec_others(const int *keep, size_t n_keep, struct sbx_err *err);

/* file_write_durable - write a file so that a power cut leaves the old or the new content: temporary name in the same
 * directory (".NAME.tmp-XXXXXXXX": what a killed process left matches that), fsync, rename, fsync of the directory. */
int file_write_durable(int dirfd, const char *name, const void *bytes, size_t n, mode_t mode, struct sbx_err *err);

/* dir_fsync - fsync a directory by descriptor. */
int dir_fsync(int dirfd, struct sbx_err *err);

/* mkdir_private - make the directory @path and missing parents, 0700; an existing one must be a directory owned by the
 * caller.  Returns an O_PATH|O_DIRECTORY descriptor or -errno. */
int mkdir_private(const char *path, struct sbx_err *err);

/* tree_remove - remove @name below @dirfd and all that is in it, never following a link, never crossing into another
 * mount; makes directories writable on its way (overlay's work/work has mode 0).  -ENOENT counts as done. */
int tree_remove(int dirfd, const char *name, struct sbx_err *err);
