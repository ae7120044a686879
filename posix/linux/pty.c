#define _GNU_SOURCE
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asm/termbits.h>

#include "os_ioctl.h"

/* Returns a descriptor of the device, or -1 with errno. It does not become our terminal. */
static int open_slave(const struct pty *p)
{
    return open(p->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

int pty_open(struct pty *p)
{
    int on = 1;

    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->master < 0)
        return -errno;
    if (grantpt(p->master) < 0 || unlockpt(p->master) < 0)
        return -errno;
    int r = ptsname_r(p->master, p->device, sizeof p->device);
    if (r != 0)
        return -r;
    return os_ioctl(p->master, TIOCPKT, &on) < 0 ? -errno : 0;
}

/* By a descriptor: so it is the same file all the time. A PTY hangs up at the last close, so the
 * device has to have been open once, too. */
int pty_give_away(struct pty *p, const struct pty_owner *owner, int mode)
{
    const int slave = open_slave(p);
    const bool owned = owner->uid != (uid_t)-1 || owner->gid != (gid_t)-1;
    struct stat st;
    int r = 0;

    if (slave < 0)
        return -errno;
    if ((owned && fchown(slave, owner->uid, owner->gid) < 0) ||
        (mode >= 0 && fchmod(slave, (mode_t)mode) < 0) || fstat(slave, &st) < 0)
        r = -errno;
    else
        p->identity = (struct vport_identity){st.st_dev, st.st_ino, st.st_rdev};
    close(slave);
    return r;
}

void pty_close(struct pty *p)
{
    if (p->master >= 0)
        close(p->master);
    p->master = -1;
}

bool pty_is_hung_up(const struct pty *p, bool *unread)
{
    struct pollfd fd = {.fd = p->master, .events = POLLIN};

    *unread = false;
    if (poll(&fd, 1, 0) < 0)
        return false;
    *unread = fd.revents & POLLIN;
    return fd.revents & POLLHUP;
}

/* Only the slave side can. Bytes that the last program did not read are dropped. Its changes by
 * TIOCEXCL and tcflow(3) would outlive it on a PTY as long as our side is open: they are undone. */
int pty_refresh(const struct pty *p)
{
    char status;
    const int slave = open_slave(p);

    if (slave < 0)
        return -errno;
    ioctl(slave, TIOCNXCL);
    ioctl(slave, TCXONC, TCOON);
    ioctl(slave, TCFLSH, TCIFLUSH);
    close(slave);
    /* what we did is told to us, too; a read of one byte takes that and no data */
    (void)!read(p->master, &status, 1);
    return 0;
}

void pty_flush_input(const struct pty *p)
{
    const int slave = open_slave(p);

    if (slave < 0)
        return;
    ioctl(slave, TCFLSH, TCIFLUSH);
    close(slave);
}

size_t pty_unread(const struct pty *p)
{
    int unread = 0;

    return os_ioctl(p->master, TIOCINQ, &unread) == 0 && unread > 0 ? (size_t)unread : 0;
}
