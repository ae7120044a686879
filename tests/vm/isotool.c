/*
 * isotool - writes isochronous packets to a device, and looks at what becomes of each.
 *
 *   isotool /dev/bus/usb/BBB/DDD INTERFACE ALTERNATE ENDPOINT SIZE TEXT
 *
 * Chooses the interface's alternate setting, keeps 4 URBs of 10 packets of SIZE bytes under way,
 * each packet beginning with TEXT, 40 in all, and goes back to setting 0. Exit status: 0 if every
 * packet has been sent whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/usbdevice_fs.h>

enum { PACKETS = 10, DEPTH = 4, URBS = 40, PACKET_MAX = 1024 };

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    perror(what);
    exit(1);
}

static void submit(int fd, struct usbdevfs_urb *u, unsigned char endpoint, int size,
                   unsigned char *data)
{
    memset(u, 0, sizeof *u + PACKETS * sizeof u->iso_frame_desc[0]);
    u->type = USBDEVFS_URB_TYPE_ISO;
    u->endpoint = endpoint;
    u->flags = USBDEVFS_URB_ISO_ASAP;
    u->buffer = data;
    u->buffer_length = PACKETS * size;
    u->number_of_packets = PACKETS;
    for (int i = 0; i < PACKETS; i++)
        u->iso_frame_desc[i].length = (unsigned)size;
    must(ioctl(fd, USBDEVFS_SUBMITURB, u), "submit");
}

/* Returns how many of its packets were not sent whole. */
static int look(const struct usbdevfs_urb *u, int size)
{
    int bad = 0;

    for (int i = 0; i < PACKETS; i++) {
        const struct usbdevfs_iso_packet_desc *p = &u->iso_frame_desc[i];

        if (p->status == 0 && p->actual_length == (unsigned)size)
            continue;
        printf("packet %d: status %d, %u bytes\n", i, (int)p->status, p->actual_length);
        bad++;
    }
    if (u->status != 0)
        printf("URB: status %d\n", u->status);
    return bad + (u->status != 0);
}

int main(int argc, char **argv)
{
    static unsigned char data[PACKETS * PACKET_MAX];
    struct usbdevfs_urb *done;
    int bad = 0;

    if (argc != 7 || atoi(argv[5]) > PACKET_MAX) {
        fprintf(stderr, "usage: isotool NODE INTERFACE ALTERNATE ENDPOINT SIZE TEXT\n");
        return 2;
    }
    struct usbdevfs_setinterface setting = {.interface = (unsigned)atoi(argv[2]),
                                            .altsetting = (unsigned)atoi(argv[3])};
    const unsigned char endpoint = (unsigned char)strtoul(argv[4], NULL, 16);
    const int size = atoi(argv[5]);
    int fd = open(argv[1], O_RDWR);
    must(fd, argv[1]);
    must(ioctl(fd, USBDEVFS_CLAIMINTERFACE, &setting.interface), "claim");
    must(ioctl(fd, USBDEVFS_SETINTERFACE, &setting), "alternate setting");
    for (int i = 0; i < PACKETS; i++)
        strncpy((char *)data + i * size, argv[6], (size_t)size);
    for (int i = 0; i < URBS + DEPTH; i++) {
        if (i < DEPTH) {
            done = calloc(1, sizeof *done + PACKETS * sizeof done->iso_frame_desc[0]);
        } else {
            must(ioctl(fd, USBDEVFS_REAPURB, &done), "reap");
            bad += look(done, size);
        }
        if (i < URBS)
            submit(fd, done, endpoint, size, data);
        else
            free(done);
    }
    setting.altsetting = 0;
    must(ioctl(fd, USBDEVFS_SETINTERFACE, &setting), "alternate setting 0");
    printf("%d packets, %d bad\n", URBS * PACKETS, bad);
    close(fd);
    return bad ? 1 : 0;
}
