/*
 * testusb - runs a test of the kernel's usbtest driver, as its tools/usb/testusb.c does, on one
 * interface that the driver has.
 *
 *   testusb /dev/bus/usb/BBB/DDD TEST ITERATIONS LENGTH VARY SGLEN
 *
 * Exit status: 0 it has passed, 1 it has not, 77 the driver says that the device has not what it
 * needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/usbdevice_fs.h>

/* usbtest.c: struct usbtest_param_64 */
struct usbtest_param {
    uint32_t test_num, iterations, length, vary, sglen;
    int64_t duration_sec, duration_usec;
};

#define USBTEST_REQUEST _IOWR('U', 100, struct usbtest_param)

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: testusb NODE TEST ITERATIONS LENGTH VARY SGLEN\n");
        return 2;
    }
    struct usbtest_param p = {
        .test_num = (uint32_t)atoi(argv[2]),
        .iterations = (uint32_t)atoi(argv[3]),
        .length = (uint32_t)atoi(argv[4]),
        .vary = (uint32_t)atoi(argv[5]),
        .sglen = (uint32_t)atoi(argv[6]),
    };
    struct usbdevfs_ioctl wrapper = {.ifno = 0, .ioctl_code = (int)USBTEST_REQUEST, .data = &p};

    int fd = open(argv[1], O_RDWR);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    if (ioctl(fd, USBDEVFS_IOCTL, &wrapper) < 0) {
        int error = errno;

        printf("test %s: %s\n", argv[2], strerror(error));
        return error == EOPNOTSUPP ? 77 : 1;
    }
    printf("test %s: %d.%06d s\n", argv[2], (int)p.duration_sec, (int)p.duration_usec);
    close(fd);
    return 0;
}
