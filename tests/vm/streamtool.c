/*
 * streamtool - keeps data moving to a device and back until that is taken away.
 *
 *   streamtool /dev/bus/usb/BBB/DDD INTERFACE OUT IN
 *
 * Keeps 4 URBs of 16 KiB under way at each of the two endpoints (hexadecimal), and says "streaming"
 * once 64 have been done. Ends when none is under way any more: says how many were when the first
 * failed, and how often which status came from then on. Exit status: 0 if it streamed, and each of
 * those came back, with an error or done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/usbdevice_fs.h>

enum { DEPTH = 4, ENDPOINTS = 2, URBS = DEPTH * ENDPOINTS, SIZE = 16 * 1024, STREAMS = 64 };

static struct usbdevfs_urb urbs[URBS];
static unsigned char data[URBS][SIZE];

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    perror(what);
    exit(1);
}

/* Takes one that has ended. Returns NULL when the device has gone, and nothing is left to take. */
static struct usbdevfs_urb *reap(int fd)
{
    struct usbdevfs_urb *u;
    int r;

    do
        r = ioctl(fd, USBDEVFS_REAPURB, &u);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == ENODEV)
        return NULL;
    must(r, "reap");
    return u;
}

int main(int argc, char **argv)
{
    int under_way = 0, done = 0, failed = 0, at_failure = 0;

    if (argc != 5) {
        fprintf(stderr, "usage: streamtool NODE INTERFACE OUT IN\n");
        return 2;
    }
    unsigned interface = (unsigned)atoi(argv[2]);
    int fd = open(argv[1], O_RDWR);
    must(fd, argv[1]);
    must(ioctl(fd, USBDEVFS_CLAIMINTERFACE, &interface), "claim");
    for (int i = 0; i < URBS; i++) {
        urbs[i].type = USBDEVFS_URB_TYPE_BULK;
        urbs[i].endpoint = (unsigned char)strtoul(argv[3 + i % ENDPOINTS], NULL, 16);
        urbs[i].buffer = data[i];
        urbs[i].buffer_length = SIZE;
        must(ioctl(fd, USBDEVFS_SUBMITURB, &urbs[i]), "submit");
        under_way++;
    }
    while (under_way > 0) {
        struct usbdevfs_urb *u = reap(fd);

        if (!u)
            break;
        if (failed > 0 || u->status < 0) {
            if (failed++ == 0)
                at_failure = under_way;
            printf("endpoint %02x: status %d, %d bytes\n", u->endpoint, u->status,
                   u->actual_length);
            under_way--;
            continue;
        }
        if (++done == STREAMS) {
            printf("streaming\n");
            fflush(stdout);
        }
        if (ioctl(fd, USBDEVFS_SUBMITURB, u) < 0) { /* it has gone since */
            printf("submit: %s\n", strerror(errno));
            at_failure = failed == 0 ? under_way : at_failure;
            failed++;
            under_way--;
        }
    }
    printf("%d done, then %d of %d came back\n", done, failed, at_failure);
    close(fd);
    return done >= STREAMS && failed > 0 && failed == at_failure ? 0 : 1;
}
