/*
 * Lists of a server that says anything: what is taken for devices has ends to its texts, and no
 * more interfaces than there is room for.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "usbip_call.h"

static void check_text(const char *text, size_t size)
{
    if (!memchr(text, '\0', size))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct usbip_found *list = NULL;
    size_t count = 0;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    (void)!send(pair[0], data, len, MSG_NOSIGNAL);
    shutdown(pair[0], SHUT_WR);
    while (usbip_call_next(pair[1], 0, &list, &count) == 0) {
        if (count > USBIP_CALL_DEVICES_MAX)
            abort();
        for (size_t i = 0; i < count; i++) {
            check_text(list[i].device.path, sizeof list[i].device.path);
            check_text(list[i].device.busid, sizeof list[i].device.busid);
        }
        free(list);
        list = NULL;
    }
    close(pair[0]);
    close(pair[1]);
    return 0;
}
